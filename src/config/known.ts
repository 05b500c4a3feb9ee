import { existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { HoldfastError } from "../base/errors.js";
import { lockOfRules, rulesOf } from "./client-rules.js";
import { CLIENTS, type Place } from "./clients.js";
import { findServers } from "./dialects.js";
import { type McpConfig, parseConfig } from "./parse.js";
import { fromText } from "./syntax.js";
import { type FoundFile, readFound } from "./trust.js";

const here = (): Place => ({
  // As the current folder is told: without links.
  home: existsSync(homedir()) ? realpathSync(homedir()) : homedir(),
  cwd: process.cwd(),
  platform: process.platform,
  env: process.env,
});

/** The current folder, and those above it up to the root of its repository; never home, and nothing above it. */
function projectFolders({ cwd, home }: Place): string[] {
  const folders: string[] = [];
  for (let at = cwd; at !== home; at = dirname(at)) {
    folders.push(at);
    if (existsSync(join(at, ".git"))) return folders;
    if (at === dirname(at)) break;
  }
  return folders.slice(0, 1);
}

/** Splits `cursor:weather` into the client and the server. Undefined: it does not begin with a client that we know. */
export function clientOf(target: string): { client: string; server: string | undefined } | undefined {
  const [client, ...rest] = target.split(":");
  if (client === undefined || !Object.hasOwn(CLIENTS, client)) return undefined;
  return { client, server: rest.length > 0 ? rest.join(":") : undefined };
}

/** A file in which a client keeps servers. */
export interface ClientFile extends FoundFile {
  /** Whether it lies in a project: whoever wrote that wrote it, too. */
  project: boolean;
  /** Its servers by name, as they are written there: no variable is replaced. */
  entries: Record<string, unknown>;
  /** What it says beside them. */
  extra: Record<string, unknown>;
}

/** A file of a client that cannot be used. */
export interface BrokenFile {
  path: string;
  project: boolean;
  /** Why, as `CONFIG_INVALID`. */
  error: unknown;
}

/** Looks through the files in which a client keeps servers, the nearest first: one that is broken hides none of the others. */
export function searchClient(client: string, place: Place = here()): (ClientFile | BrokenFile)[] {
  return pathsOf(client, place).flatMap(({ path, project }): (ClientFile | BrokenFile)[] => {
    try {
      const file = readFound(path);
      const config = file && fromText(file.text, path);
      const found = file && findServers(config);
      // A file of settings without servers is no mistake.
      if (!file || typeof found !== "object") return [];
      return [{ ...file, project, entries: found.entries, extra: found.extra }];
    } catch (error) {
      return [{ path, project, error }];
    }
  });
}

/**
 * Finds the files in which a client keeps servers, the nearest first. With the name of a server only those that have it.
 * @throws HoldfastError `CONFIG_INVALID` where one of them is wrong, or another user could have written it
 */
export function clientFiles(client: string, server?: string, place: Place = here()): ClientFile[] {
  return searchClient(client, place).flatMap((file) => {
    if ("error" in file) throw file.error;
    return server === undefined || Object.hasOwn(file.entries, server) ? [file] : [];
  });
}

function pathsOf(client: string, place: Place): { path: string; project: boolean }[] {
  const { project = [], user } = CLIENTS[client]!;
  const folders = project.length === 0 ? [] : projectFolders(place);
  return [
    ...folders.flatMap((folder) => project.map((name) => ({ path: join(folder, name), project: true }))),
    ...user(place).map((path) => ({ path, project: false })),
  ].flatMap((found) => filesAt(found.path).map((path) => ({ ...found, path })));
}

/** The path itself, or for `folder/*` the configs in the folder, by name. */
function filesAt(path: string): string[] {
  if (basename(path) !== "*") return [path];
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.(ya?ml|jsonc?)$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Parses the servers that a client has configured on this machine. Of two with one name, the nearer file wins. Variables are
 * replaced only if all files of the project are trusted.
 * @throws HoldfastError `CONFIG_INVALID` where it has none (the message names the files), or a file is wrong or not trusted
 * @throws HoldfastError `SERVER_UNKNOWN` where it has no server of that name
 */
export function clientConfig(
  client: string,
  server: string | undefined,
  isTrusted: (file: ClientFile) => boolean,
  place: Place = here(),
): McpConfig {
  const all = clientFiles(client, undefined, place);
  const names = new Set(all.flatMap(({ entries }) => Object.keys(entries)));
  if (names.size === 0) {
    const paths = pathsOf(client, place).map(({ path }) => path);
    const files = paths.filter((path) => existsSync(path));
    const looked =
      files.length > 0 ? `no server in ${files.join(", ")}` : `there is none of ${paths.join(", ")}`;
    throw new HoldfastError("CONFIG_INVALID", `${client} has no servers: ${looked}`, { path: "" });
  }
  if (server !== undefined && !names.has(server)) {
    const message = `${client} has no server ${JSON.stringify(server)}; it has: ${[...names].join(", ")}`;
    throw new HoldfastError("SERVER_UNKNOWN", message, {});
  }
  const files = all.filter(({ entries }) => server === undefined || Object.hasOwn(entries, server));
  const stranger = files.find((file) => file.project && !isTrusted(file));
  if (stranger) {
    const message = `${client}: ${stranger.path} comes with the project and is not trusted; read it, then repeat the command with --trust`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "" });
  }
  const entries = Object.assign({}, ...files.map((file) => file.entries).reverse()) as Record<
    string,
    unknown
  >;
  const wanted = server === undefined ? inOrder(entries, names) : { [server]: entries[server] };
  const rules = rulesOf(all.filter((file) => !file.project || isTrusted(file)));
  return parseConfig({ ...rules, mcpServers: wanted }, { from: `the config of ${client}` });
}

/** The lock that a client's own files are compared with, where they want that. */
export const clientLock = (
  client: string,
  isTrusted: (file: ClientFile) => boolean,
  place: Place = here(),
): string | undefined =>
  lockOfRules(clientFiles(client, undefined, place).filter((file) => !file.project || isTrusted(file)));

const inOrder = (entries: Record<string, unknown>, names: Set<string>) =>
  Object.fromEntries([...names].map((name) => [name, entries[name]]));
