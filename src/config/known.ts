import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { HoldfastError } from "../base/errors.js";
import { lockOfRules, rulesOf } from "./client-rules.js";
import { findServers, isObject } from "./dialects.js";
import { fromText } from "./load.js";
import { type McpConfig, parseConfig } from "./parse.js";
import { type FoundFile, readFound } from "./trust.js";

/** Where to look for config files. Tests pass another machine's. */
export interface Place {
  home: string;
  cwd: string;
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
}

const here = (): Place => ({
  // As the current folder is told: without links.
  home: existsSync(homedir()) ? realpathSync(homedir()) : homedir(),
  cwd: process.cwd(),
  platform: process.platform,
  env: process.env,
});

/** The config files of each client, the nearest first. Those of the project are not the user's own work. */
interface Places {
  project?: string;
  user: (place: Place) => string[];
}

const CLIENTS: Record<string, Places> = {
  claude: { user: (place) => [join(applications(place), "Claude/claude_desktop_config.json")] },
  "claude-code": { project: ".mcp.json", user: ({ home }) => [join(home, ".claude.json")] },
  cursor: { project: ".cursor/mcp.json", user: ({ home }) => [join(home, ".cursor/mcp.json")] },
  vscode: {
    project: ".vscode/mcp.json",
    user: (place) =>
      ["mcp.json", "settings.json"].map((name) => join(applications(place), "Code/User", name)),
  },
  windsurf: { user: ({ home }) => [join(home, ".codeium/windsurf/mcp_config.json")] },
  gemini: { project: ".gemini/settings.json", user: ({ home }) => [join(home, ".gemini/settings.json")] },
  goose: {
    user: ({ home, platform, env }) =>
      platform === "win32"
        ? [join(env["APPDATA"] ?? home, "Block/goose/config/config.yaml")]
        : [join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "goose/config.yaml")],
  },
};

function applications({ home, platform, env }: Place): string {
  if (platform === "darwin") return join(home, "Library/Application Support");
  if (platform === "win32") return env["APPDATA"] ?? join(home, "AppData/Roaming");
  return env["XDG_CONFIG_HOME"] ?? join(home, ".config");
}

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

/**
 * Finds the files in which a client keeps servers, the nearest first. With the name of a server only those that have it.
 * @throws HoldfastError `CONFIG_INVALID` where one of them is wrong, or another user could have written it
 */
export function clientFiles(client: string, server?: string, place: Place = here()): ClientFile[] {
  return pathsOf(client, place).flatMap(({ path, project }) => {
    const file = readFound(path);
    const config = file && fromText(file.text, path);
    const found = isObject(config) ? findServers(config) : undefined;
    // A file of settings without servers is no mistake.
    if (!file || typeof found !== "object") return [];
    const wanted = server === undefined || Object.hasOwn(found.entries, server);
    return wanted ? [{ ...file, project, entries: found.entries, extra: found.extra }] : [];
  });
}

function pathsOf(client: string, place: Place): { path: string; project: boolean }[] {
  const { project, user } = CLIENTS[client]!;
  const folders = project === undefined ? [] : projectFolders(place);
  return [
    ...folders.map((folder) => ({ path: join(folder, project!), project: true })),
    ...user(place).map((path) => ({ path, project: false })),
  ];
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
