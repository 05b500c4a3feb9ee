import { type Fields, fieldsOf } from "../base/fields.js";
import { inWords } from "./words.js";

/** The servers of a config in any dialect, as they are written there. */
export interface Found {
  /** The path of the servers, for messages: `mcpServers`, `servers`, `mcp.servers`. Empty: the root. */
  at: string;
  /** The path of the servers as a list of keys, because a key may contain a dot. */
  place: string[];
  /** Whether they stand in a list there, each with its name among its fields. */
  listed: boolean;
  /** Each server by its name. */
  entries: Record<string, unknown>;
  /** The other fields of the config. */
  extra: Record<string, unknown>;
}

/**
 * The path of the servers in each dialect, however its keys are spelt: most clients (`mcpServers`, Codex's `mcp_servers`, Amp's
 * `amp.mcpServers`), VS Code, its settings file and its workspaces, Zed, Goose, opencode.
 */
const PLACES = [
  ["mcpservers"],
  ["ampmcpservers"],
  ["servers"],
  ["mcp", "servers"],
  ["settings", "mcp", "servers"],
  ["contextservers"],
  ["extensions"],
  ["mcp"],
] as const;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Finds the servers of a config. Returns a text that says why where there are none. */
export function findServers(config: unknown): Found | string {
  if (Array.isArray(config)) return fromList(config, [], {});
  if (!isObject(config)) return "expected an object";
  if ("source" in config && ("deployment" in config || "environment" in config || isObject(config["source"])))
    return "this is a fastmcp.json, which describes how to run one server; an MCP config lists servers under mcpServers";
  const all = PLACES.flatMap((words) => placed(config, words));
  const place = all.find(({ value }) => Object.keys(Object(value)).length > 0) ?? all[0];
  if (place) {
    const { keys, value } = place;
    const { [keys[0]!]: _, ...extra } = config;
    const found = Array.isArray(value) ? fromList(value, keys, extra) : fromObject(value, keys, extra);
    if (typeof found === "string") return found;
    return { ...found, entries: ruled(config, { ...found.entries, ...projectServers(config) }) };
  }
  const own = projectServers(config);
  if (Object.keys(own).length > 0)
    return {
      at: "projects",
      place: ["projects", process.cwd(), "mcpServers"],
      listed: false,
      entries: ruled(config, own),
      extra: {},
    };
  const entries = Object.entries(config).filter(([, value]) => isServer(value));
  if (entries.length === 0) return "no servers: expected mcpServers, servers, or servers at the root";
  const extra = Object.entries(config).filter(([, value]) => !isServer(value));
  return fromObject(Object.fromEntries(entries), [], Object.fromEntries(extra));
}

/** What stands at a path of words, and the keys that lead there. Null is as good as absent. */
function placed(config: Fields, words: readonly string[]): { keys: string[]; value: unknown }[] {
  let at: unknown = config;
  const keys: string[] = [];
  for (const word of words) {
    const key = isObject(at) ? Object.keys(at).find((candidate) => inWords(candidate) === word) : undefined;
    if (key === undefined) return [];
    keys.push(key);
    at = fieldsOf(at)[key];
  }
  // `mcp` holds other settings in other clients' files.
  const servers = words.at(-1) !== "mcp" || (isObject(at) && Object.values(at).some(isServer));
  return at === null || at === undefined || !servers ? [] : [{ keys, value: at }];
}

function fromObject(value: unknown, place: string[], extra: Fields): Found | string {
  const at = place.join(".");
  if (!isObject(value)) return `${at}: expected an object with a server under each name`;
  return { at, place, listed: false, entries: value, extra };
}

/** Continue lists its servers, each with its name. */
function fromList(list: unknown[], place: string[], extra: Fields): Found | string {
  const at = place.join(".");
  const named = list.filter((entry): entry is Fields => isObject(entry) && typeof entry["name"] === "string");
  if (named.length < list.length || (list.length === 0 && place.length === 0))
    return `${at && `${at}: `}expected an object with a server under each name, or a list of servers with a name each`;
  const entries = named.map(({ name, ...entry }) => [name, entry]);
  return { at, place, listed: true, entries: Object.fromEntries(entries), extra };
}

/** Claude Code keeps servers for each project in `~/.claude.json`. Those of the current directory count. */
function projectServers(config: Fields): Fields {
  const servers = projectOf(config)["mcpServers"];
  return isObject(servers) ? servers : {};
}

function projectOf({ projects }: Fields): Fields {
  const project = isObject(projects) ? projects[process.cwd()] : undefined;
  return isObject(project) ? project : {};
}

/** What clients say of servers beside them, said of each: which are off, and which of their tools. */
function ruled(config: Fields, entries: Fields): Fields {
  const { off, only } = switches(config);
  const globs = deniedTools(config);
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => {
      if (!isObject(entry)) return [name, entry];
      if (off.has(name) || (only && !only.has(name))) return [name, { ...entry, disabled: true }];
      const denied = globs.flatMap((glob) => ofServer(glob, name));
      return [name, denied.length > 0 ? { ...entry, disabledTools: denied } : entry];
    }),
  );
}

const names = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];

/** Claude Code's and Copilot's lists of servers that are off; Gemini's, also of those that are on. */
function switches(config: Fields): { off: Set<string>; only: Set<string> | undefined } {
  const off = new Set<string>();
  let only: Set<string> | undefined;
  const { mcp } = config;
  const gemini = isObject(mcp) ? { mcpexcluded: mcp["excluded"], mcpallowed: mcp["allowed"] } : {};
  for (const [key, value] of Object.entries({ ...config, ...projectOf(config), ...gemini })) {
    if (/^(disabledmcp(json)?servers|excludemcpservers|mcpexcluded)$/.test(inWords(key)))
      for (const name of names(value)) off.add(name);
    if (/^(allowmcpservers|mcpallowed)$/.test(inWords(key)) && Array.isArray(value))
      only = new Set(names(value));
  }
  return { off, only };
}

/** opencode switches tools off at the top: `{ "tools": { "server_*": false } }`. */
function deniedTools({ tools }: Fields): string[] {
  return isObject(tools) ? Object.keys(tools).filter((glob) => tools[glob] === false) : [];
}

function ofServer(glob: string, server: string): string[] {
  const prefix = `${server}_`;
  if (glob.startsWith(prefix)) return [glob.slice(prefix.length)];
  return glob.endsWith("*") && prefix.startsWith(glob.slice(0, -1)) ? ["*"] : [];
}

const WAYS = new Set(["command", "cmd", "url", "serverurl", "httpurl", "uri"]);
const isServer = (value: unknown): value is Fields =>
  isObject(value) && Object.keys(value).some((key) => WAYS.has(inWords(key)));
