import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { replacePrivate } from "../auth/store/private-file.js";
import { privateDirectory, stateDirectory } from "./place.js";

/**
 * The config of one server whose command stands in a host's own config, behind `--`: what hosts say in the same words they share.
 * It holds the names of the variables that the host gives, not their values. Returns its path.
 * @throws Error where it cannot be written, or others could
 */
export async function wrappedConfig(
  [command, ...args]: readonly [string, ...string[]],
  passed: readonly string[],
): Promise<string> {
  const env = Object.fromEntries(passed.map((name) => [name, `\${env:${name}:-}`]));
  const entry = { command: literal(command), args: args.map(literal), env };
  const text = `${JSON.stringify({ mcpServers: { [nameFor(command, args)]: entry } }, undefined, 2)}\n`;
  const folder = wrappedFolder();
  await privateDirectory(folder);
  const path = join(folder, `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.json`);
  // Its name says what is in it.
  if (existsSync(path)) return path;
  await replacePrivate(path, text);
  return path;
}

/** Where these configs lie. */
export const wrappedFolder = (): string => join(stateDirectory(), "wrapped");

/** The host has replaced its variables already: what looks like one now is none. */
const literal = (word: string): string => word.replaceAll("$", "$$$$");

/** Options that take no value. */
const PLAIN = new Set(["-y", "--yes", "-q", "--quiet", "--no-install", "-m", "--"]);

/** What a person would call it: the package or script that is run, else the command. It is shown: the value of an option is none. */
export function nameFor(command: string, args: readonly string[]): string {
  const what = args.find(
    (arg, i) =>
      /^[\w@./\\-]*[A-Za-z][\w@./\\-]*$/.test(arg) &&
      !arg.startsWith("-") &&
      (!args[i - 1]?.startsWith("-") || PLAIN.has(args[i - 1]!)),
  );
  return basename(what ?? command).replace(/\.\w+$/, "") || "server";
}
