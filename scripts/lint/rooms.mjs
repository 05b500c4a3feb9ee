// The rooms of src/ and what each may know. AGENTS.md says what belongs into which.

/** From the ground up. An arrow, of a type too, points to a room of an earlier line; those of one line do not know each other. */
export const ORDER = [
  ["machines"],
  ["base"],
  ["contract"],
  ["wires", "auth", "config", "gateway"],
  ["session"],
  ["connection"],
  ["transports"],
  ["composite"],
  ["serve", "cluster"],
  ["infer", "inspect", "otel", "testing"],
  ["cli"],
  ["index.ts"],
];

/** Rooms that know less than all below them. */
export const ONLY = { gateway: ["base", "contract"] };

/** Packages and Node's modules: what a room may import at all, or may not. */
export const PACKAGES = {
  machines: { only: /^xstate(\/graph)?$/ },
  base: { never: /^@modelcontextprotocol\// },
};

/** The one folder beside src/ that a room may reach: the demo shows the examples. */
export const OUTSIDE = { cli: ["examples"] };
