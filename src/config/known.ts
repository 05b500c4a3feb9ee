import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { HoldfastError } from "../base/errors.js";
import { findServers, isObject } from "./dialects.js";
import { fromText, readText } from "./load.js";
import { type McpConfig, parseConfig } from "./parse.js";

/** Where to look for config files. Tests pass another machine's. */
export interface Place {
  home: string;
  cwd: string;
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
}

const here = (): Place => ({
  home: homedir(),
  cwd: process.cwd(),
  platform: process.platform,
  env: process.env,
});

/** The config files of each client: the project's files from the nearest folder upwards, then the user's. */
const CLIENTS: Record<string, (place: Place) => string[]> = {
  claude: (place) => [join(applications(place), "Claude/claude_desktop_config.json")],
  "claude-code": (place) => [...upwards(place, ".mcp.json"), join(place.home, ".claude.json")],
  cursor: (place) => [...upwards(place, ".cursor/mcp.json"), join(place.home, ".cursor/mcp.json")],
  vscode: (place) => [
    ...upwards(place, ".vscode/mcp.json"),
    join(applications(place), "Code/User/mcp.json"),
    join(applications(place), "Code/User/settings.json"),
  ],
  windsurf: (place) => [join(place.home, ".codeium/windsurf/mcp_config.json")],
  gemini: (place) => [...upwards(place, ".gemini/settings.json"), join(place.home, ".gemini/settings.json")],
  goose: ({ home, platform, env }) =>
    platform === "win32"
      ? [join(env["APPDATA"] ?? home, "Block/goose/config/config.yaml")]
      : [join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "goose/config.yaml")],
};

function applications({ home, platform, env }: Place): string {
  if (platform === "darwin") return join(home, "Library/Application Support");
  if (platform === "win32") return env["APPDATA"] ?? join(home, "AppData/Roaming");
  return env["XDG_CONFIG_HOME"] ?? join(home, ".config");
}

function upwards({ cwd, home }: Place, name: string): string[] {
  const found: string[] = [];
  for (let at = cwd; ; at = dirname(at)) {
    if (at !== home) found.push(join(at, name));
    if (at === dirname(at)) return found;
  }
}

/** Splits `cursor:weather` into the client and the server. Undefined: it does not begin with a client that we know. */
export function clientOf(target: string): { client: string; server: string | undefined } | undefined {
  const [client, ...rest] = target.split(":");
  if (client === undefined || !Object.hasOwn(CLIENTS, client)) return undefined;
  return { client, server: rest.length > 0 ? rest.join(":") : undefined };
}

/**
 * Reads the servers that a client has configured on this machine. Of two with one name, the nearer file wins.
 * @throws HoldfastError `CONFIG_INVALID` where it has none (the message names the files), or a file is wrong
 * @throws HoldfastError `SERVER_UNKNOWN` where it has no server of that name
 */
export function clientConfig(client: string, server?: string, place: Place = here()): McpConfig {
  const paths = CLIENTS[client]!(place);
  const files = paths.filter((path) => existsSync(path));
  const entries: Record<string, unknown> = {};
  for (const path of files) {
    const config = fromText(readText(path), path);
    const found = isObject(config) ? findServers(config) : undefined;
    // A file of settings without servers is no mistake.
    if (typeof found === "object")
      for (const [name, entry] of Object.entries(found.entries)) entries[name] ??= entry;
  }
  if (Object.keys(entries).length === 0) {
    const looked =
      files.length > 0 ? `no server in ${files.join(", ")}` : `there is none of ${paths.join(", ")}`;
    throw new HoldfastError("CONFIG_INVALID", `${client} has no servers: ${looked}`, { path: "" });
  }
  if (server !== undefined && !Object.hasOwn(entries, server)) {
    const message = `${client} has no server ${JSON.stringify(server)}; it has: ${Object.keys(entries).join(", ")}`;
    throw new HoldfastError("SERVER_UNKNOWN", message, {});
  }
  const wanted = server === undefined ? entries : { [server]: entries[server] };
  return parseConfig({ mcpServers: wanted }, { from: `the config of ${client}` });
}
