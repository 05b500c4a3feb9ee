import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { isAbsolute } from "node:path";
import { codeOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { findServers } from "../config/dialects.js";
import { readEntry } from "../config/entry.js";
import { expand, fromHome } from "../config/expand.js";
import { fromText } from "../config/syntax.js";

export const ONE_FILE = "--shared serves one config file, by its path: holdfast serve mcp.json --shared";

/** @throws Error where there is no such file */
export function realPathOf(config: string): string {
  try {
    return realpathSync(config);
  } catch (cause) {
    throw new Error(`${config} cannot be read (${codeOf(cause)}): ${ONE_FILE}`, { cause });
  }
}

/** What decides whether two hosts share a daemon. */
export interface KeyParts {
  user: string;
  /** The real path of the config. */
  path: string;
  /** Its content. Of that only counts what is used of the environment: an edit makes no other daemon. */
  text: string;
  /** The options of `serve` that are for the daemon. */
  options: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Where the host started its shim. */
  cwd: string;
}

/** The name of the daemon, 16 hex digits, and whether the directory in which servers are started is part of it. */
export function keyOf({ user, path, text, options, env, cwd }: KeyParts): { key: string; inCwd: boolean } {
  const inCwd = usesDirectory(text, path);
  const parts = [user, path, options, usedVariables(text, env), inCwd ? cwd : null];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
  return { key, inCwd };
}

/** The hash by which a shim and a daemon compare what they have read. */
export const contentHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * The variables of the environment whose names the text has as words, with their values. That are more than those that are used; too
 * many variables only mean that fewer hosts share.
 */
function usedVariables(text: string, env: KeyParts["env"]): [string, string][] {
  const words = new Set(text.match(/[A-Za-z_]\w*/g) ?? []);
  return [...words].sort().flatMap((word): [string, string][] => {
    const value = Object.hasOwn(env, word) ? env[word] : undefined;
    return value === undefined ? [] : [[word, value]];
  });
}

/** The names under which VS Code knows the directory. */
const DIRECTORY_WORDS = /\$\{(cwd|workspace\w*)[:}]/;

/** Whether a server does something else where it is started in another directory. */
function usesDirectory(text: string, path: string): boolean {
  if (DIRECTORY_WORDS.test(text)) return true;
  try {
    const found = findServers(fromText(text, path));
    if (typeof found === "string") return true;
    return Object.values(found.entries).some(entryUsesDirectory);
  } catch {
    // What is wrong with it, the daemon says.
    return true;
  }
}

const silent = () => ({ problem: () => {}, warn: () => {} });

function entryUsesDirectory(entry: unknown): boolean {
  const { fields, off } = readEntry(fieldsOf(entry), () => true, silent);
  if (off || fields["url"] !== undefined) return false;
  const fixed = (field: unknown) =>
    typeof field === "string" && isAbsolute(fromHome(expand(field, {}, () => {})));
  return !fixed(fields["cwd"]) || (fields["envFile"] !== undefined && !fixed(fields["envFile"]));
}
