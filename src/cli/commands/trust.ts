import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Option } from "commander";
import type { McpConfig } from "../../index.js";
import {
  type ClientFile,
  clientConfig,
  clientFiles,
  clientLock,
  clientOf,
  defaultDirectory,
  fieldsOf,
  readEntry,
  TrustedFiles,
  visibleLine,
  withoutUserInfo,
} from "../../internal.js";
import { agrees } from "../terminal/ask.js";
import { say } from "../terminal/print.js";

/** A client, and perhaps one of its servers. */
export type KnownClient = NonNullable<ReturnType<typeof clientOf>>;

export interface TrustOptions {
  trust?: boolean;
}

export const trustOption = () =>
  new Option(
    "--trust",
    "start what the project's config of a client names, also later while it stays the same",
  );

/** The client that the target names. A file of that name comes first. */
export const knownClient = (target: string): KnownClient | undefined =>
  existsSync(target) ? undefined : clientOf(target);

/** Whether a person agreed to a file as it is. */
export const isTrusted = (file: ClientFile): boolean => trusted().has(file);

/** The servers of a client. @throws HoldfastError `CONFIG_INVALID` for a file of the project that nobody agreed to */
export const configOfClient = ({ client, server }: KnownClient): McpConfig =>
  clientConfig(client, server, isTrusted);

/** The lock that the client's own files are compared with. */
export const lockOfClient = ({ client }: KnownClient): string | undefined => clientLock(client, isTrusted);

/** Where it is kept what lazy servers offer: beside the credentials of all commands. */
export const manifestDirectory = (): string => join(dataDirectory(), "manifests");

/**
 * Names the files of the project that a target means, and asks the person at the terminal about those that are new, or takes
 * `--trust` for the answer. Whoever does not agree, or cannot be asked, gets an error from `configOfClient`.
 */
export async function askForTrust(target: string | undefined, { trust }: TrustOptions): Promise<void> {
  const known = target === undefined ? undefined : knownClient(target);
  if (!known) return;
  for (const file of clientFiles(known.client, known.server)) {
    if (!file.project) continue;
    say(`${known.client}: found ${visibleLine(file.path)}`);
    if (trusted().has(file)) continue;
    if (trust || (await agreesTo(file, known))) trusted().add(file);
  }
}

async function agreesTo({ path, entries }: ClientFile, { server }: KnownClient): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const wanted = Object.entries(entries).filter(([name]) => server === undefined || name === server);
  const lines = wanted.map(([name, entry]) => `  ${visibleLine(name)}: ${visibleLine(startOf(entry))}`);
  say(`It comes with the project. These servers would be started, or reached, as you:\n${lines.join("\n")}`);
  return agrees(`Trust ${visibleLine(path)} as it is now? [y/N] `);
}

/** What an entry starts or reaches, in whatever dialect, as it stands in the file: no variable is replaced. */
export function startOf(entry: unknown): string {
  const read = readEntry(
    fieldsOf(entry),
    () => true,
    () => ({ problem: () => {}, warn: () => {} }),
  );
  const { command, args, cwd, env, envFile, headers, auth, url } = read.fields;
  const off = read.off ? " (off)" : "";
  if (command === undefined) {
    const address = withoutUserInfo(String(url ?? "nothing"));
    return [address, ...pairsOf(headers, ": "), ...pairsOf({ auth }, ": ")].join(", ") + off;
  }
  const words = [command, ...(Array.isArray(args) ? args : [args])].filter((word) => word !== undefined);
  const where = cwd === undefined ? "" : ` (in ${textOf(cwd)})`;
  const more = envFile === undefined ? "" : ` (with the variables of ${textOf(envFile)})`;
  return [...pairsOf(env, "="), ...words.map(textOf)].join(" ") + where + more + off;
}

/** A variable can start a program (NODE_OPTIONS), and a header can take one of yours along. A secret of the file stays in it. */
const pairsOf = (map: unknown, between: string): string[] =>
  Object.entries(fieldsOf(map)).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const text = textOf(value);
    const isSecret = /token|secret|password|auth|key/i.test(name) && !/\$\{|\{env:/.test(text);
    return `${name}${between}${isSecret ? "…" : text}`;
  });

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

const trusted = (): TrustedFiles => new TrustedFiles(join(dataDirectory(), "trusted"));

const dataDirectory = (): string => process.env["HOLDFAST_STORE"] || dirname(defaultDirectory());
