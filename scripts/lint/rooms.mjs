// The rooms of src/ and what each may know. AGENTS.md says what belongs into which.

/** From the ground up. An arrow, of a type too, points to a room of an earlier line; those of one line do not know each other. */
export const ORDER = [
  ["machines"],
  ["base"],
  ["contract"],
  ["wires", "auth", "config", "gateway", "recording"],
  ["tasks"],
  ["session"],
  ["connection"],
  ["transports"],
  ["composite"],
  ["metrics"],
  ["serve", "cluster"],
  ["daemon"],
  ["adapters", "infer", "inspect", "otel", "testing"],
  ["index.ts"],
  ["internal.ts"],
  ["cli"],
];

/** Rooms that know less than all below them. */
export const ONLY = {
  gateway: ["base", "contract"],
  adapters: ["base", "contract", "session"],
  // As a program that uses the package, and what internal.ts gives besides: so it feels what such a program lacks.
  cli: ["index.ts", "internal.ts", "daemon", "inspect", "metrics", "serve", "testing"],
};

/** How many other modules of src/ one may import. What imports more does more than one thing. */
export const MAX_IMPORTS = 15;

/** The public entries and the one for our own command only re-export, so the limit does not hold for them. */
export const ENTRIES = ["src/index.ts", "src/internal.ts", "src/testing/index.ts"];

/** Packages and Node's modules: what a room may import at all, or may not. */
export const PACKAGES = {
  machines: { only: /^xstate(\/graph)?$/ },
  base: { never: /^@modelcontextprotocol\// },
};

/** The one folder beside src/ that a room may reach: the demo shows the examples. */
export const OUTSIDE = { cli: ["examples"] };
