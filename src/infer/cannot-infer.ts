import { HoldfastError } from "../base/errors.js";
import { NODE_ENDINGS } from "../transports/node.js";
import { PYTHON_ENDINGS } from "../transports/python.js";

/** The endings of config files. A file with another one is taken, too, where it holds servers. */
export const CONFIG_ENDINGS = [".json", ".jsonc", ".yaml", ".yml", ".toml"];

const ACCEPTED = `an http://, https://, ws:// or wss:// URL; the path of a script (${[...PYTHON_ENDINGS, ...NODE_ENDINGS].join(", ")}); a config file (${CONFIG_ENDINGS.join(", ")}) or its content (mcpServers, servers); a recording (.jsonl); a server object or a function that makes one; a ClientTransport`;

/** The error for a target of no kind that is known. `given`: what it is, without secrets. */
export function cannotInfer(given: string, why: string): HoldfastError {
  const message = `cannot tell how to reach ${given}. ${why ? `${why} ` : ""}Accepted are: ${ACCEPTED}`;
  return new HoldfastError("CANNOT_INFER", message, { given });
}

/** A target that is no text, in words. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  const keys = Object.keys(value).slice(0, 5).join(", ");
  return keys ? `an object with the fields ${keys}` : "an empty object";
}
