import { readFileSync, statSync } from "node:fs";
import { HoldfastError, messageOf } from "../base/errors.js";
import { findServers } from "./dialects.js";
import { inputsIn } from "./expand.js";
import { invalidConfig } from "./invalid.js";
import { type McpConfig, type ParseOptions, parseConfig } from "./parse.js";
import { fromText } from "./syntax.js";
import { decodeText } from "./text.js";

/** The options of `loadConfig`. */
export interface LoadOptions extends Omit<ParseOptions, "inputs"> {
  /** Answers VS Code's `${input:ID}`. May take its time, for example to ask a person. Default: no input has an answer. */
  inputs?: (id: string) => string | undefined | Promise<string | undefined>;
}

/**
 * Reads a config file in any dialect: JSON, which may have comments and trailing commas, TOML or YAML.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be read or parsed (the message names line and column), or is wrong
 */
export async function loadConfig(path: string | URL, options: LoadOptions = {}): Promise<McpConfig> {
  const { inputs, ...rest } = options;
  const text = readText(path);
  const answers = new Map<string, string | undefined>();
  if (inputs) for (const id of inputsIn(text)) answers.set(id, await inputs(id));
  return parseConfig(fromText(text, String(path)), {
    from: String(path),
    ...rest,
    ...(inputs && { inputs: (id: string) => answers.get(id) }),
  });
}

/** Reads a config file synchronously. As `loadConfig`, but inputs must be answered at once. */
export function readConfig(path: string | URL, options: ParseOptions = {}): McpConfig {
  return parseConfig(fromText(readText(path), String(path)), { from: String(path), ...options });
}

/**
 * Reads one server of a config file, as if the file had no other; what it says of all servers holds.
 * @throws HoldfastError as `readConfig`, and `SERVER_UNKNOWN`, which lists the servers
 */
export function readServer(path: string, server: string): McpConfig {
  const found = entriesOf(path);
  if (!Object.hasOwn(found.entries, server)) {
    const names = Object.keys(found.entries).join(", ");
    const message = `${path} has no server ${JSON.stringify(server)}; it has: ${names}`;
    throw new HoldfastError("SERVER_UNKNOWN", message, {});
  }
  return parseConfig({ ...found.extra, mcpServers: { [server]: found.entries[server] } }, { from: path });
}

/** The servers of a config file as they are written there, those that are switched off or wrong, too. @throws as `readConfig` */
export const serversIn = (path: string): Record<string, unknown> => entriesOf(path).entries;

function entriesOf(path: string) {
  const found = findServers(fromText(readText(path), path));
  if (typeof found === "string") throw invalidConfig([{ path: "", message: found }], path);
  return found;
}

export function readText(path: string | URL): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `${path} cannot be read: ${messageOf(cause)}`, {
      path: "",
      cause,
    });
  }
  return textOf(bytes, path);
}

/** @throws HoldfastError `CONFIG_INVALID` for bytes that are no text */
export function textOf(bytes: Uint8Array, path: string | URL): string {
  try {
    return decodeText(bytes);
  } catch {
    throw invalidConfig([{ path: "", message: "is neither UTF-8 nor UTF-16" }], String(path));
  }
}

/** Whether a file of any ending holds servers; what is larger than a config can be is not read. */
export function holdsServers(path: string): boolean {
  try {
    if (statSync(path).size > LARGEST_BYTES) return false;
    return typeof findServers(fromText(readText(path), path)) !== "string";
  } catch {
    return false;
  }
}

const LARGEST_BYTES = 1024 * 1024;
