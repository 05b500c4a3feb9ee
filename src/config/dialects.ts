/** The servers of a config in any dialect, as they are written there. */
export interface Found {
  /** The path of the servers, for messages: `mcpServers`, `servers`, `mcp.servers`. Empty: the root. */
  at: string;
  /** The path of the servers as a list of keys, because a key may contain a dot. */
  place: string[];
  /** Each server by its name. */
  entries: Record<string, unknown>;
  /** The other fields of the config. */
  extra: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

/** The path of the servers in each dialect: FastMCP and most clients, VS Code, VS Code's settings file, Goose. */
const PLACES = [["mcpServers"], ["servers"], ["mcp", "servers"], ["extensions"]] as const;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Finds the servers of a config. Returns a text that says why where there are none. */
export function findServers(config: Fields): Found | string {
  if ("source" in config && ("deployment" in config || "environment" in config || isObject(config["source"])))
    return "this is a fastmcp.json, which describes how to run one server; an MCP config lists servers under mcpServers";
  for (const place of PLACES) {
    const entries = place.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), config);
    if (entries === undefined) continue;
    const at = place.join(".");
    if (!isObject(entries)) return `${at}: expected an object with a server under each name`;
    const { [place[0]]: _, ...extra } = config;
    return { at, place: [...place], entries: { ...entries, ...projectServers(config) }, extra };
  }
  const own = projectServers(config);
  if (Object.keys(own).length > 0)
    return { at: "projects", place: ["projects", process.cwd(), "mcpServers"], entries: own, extra: {} };
  const entries = Object.entries(config).filter(([, value]) => isServer(value));
  if (entries.length === 0) return "no servers: expected mcpServers, servers, or servers at the root";
  const extra = Object.entries(config).filter(([, value]) => !isServer(value));
  return { at: "", place: [], entries: Object.fromEntries(entries), extra: Object.fromEntries(extra) };
}

/** Claude Code keeps servers for each project in `~/.claude.json`. Those of the current directory count. */
function projectServers(config: Fields): Fields {
  const { projects } = config;
  const project = isObject(projects) ? projects[process.cwd()] : undefined;
  return isObject(project) && isObject(project["mcpServers"]) ? project["mcpServers"] : {};
}

const URLS = ["url", "serverUrl", "httpUrl", "uri"];
const isServer = (value: unknown): value is Fields =>
  isObject(value) && ["command", "cmd", ...URLS].some((key) => key in value);

/** For each of our fields, its names in all dialects. The first name that is set wins. */
const WORDS: Record<string, readonly string[]> = {
  command: ["command", "cmd"],
  url: URLS,
  transport: ["transport", "type"],
  keepAlive: ["keepAlive", "keep_alive"],
  era: ["era", "mode"],
  env: ["env", "envs"],
  includeTags: ["includeTags", "include_tags"],
  excludeTags: ["excludeTags", "exclude_tags"],
  includeTools: ["includeTools", "include_tools"],
  enabledTools: ["enabledTools", "enabled_tools"],
  excludeTools: ["excludeTools", "exclude_tools"],
  disabledTools: ["disabledTools", "disabled_tools"],
};

const KINDS: Record<string, string> = {
  "streamable-http": "http",
  streamableHttp: "http",
  streamable_http: "http",
  websocket: "ws",
};

/** Renames the fields of one entry to ours. `named` says which name each field had, for messages. */
export function inOurWords(entry: Fields): { fields: Fields; named: Record<string, string> } {
  const fields = { ...entry };
  const named: Record<string, string> = {};
  for (const [ours, words] of Object.entries(WORDS)) {
    const word = words.find((candidate) => entry[candidate] !== undefined && entry[candidate] !== null);
    for (const other of words) delete fields[other];
    if (word === undefined) continue;
    fields[ours] = entry[word];
    named[ours] = word;
  }
  // In Gemini's dialect `httpUrl` means Streamable HTTP. Its `url` would mean SSE, but other dialects use that name for both, so
  // the path of the URL decides.
  if (named["url"] === "httpUrl" && fields["transport"] === undefined) fields["transport"] = "http";
  const kind = fields["transport"];
  if (typeof kind === "string") fields["transport"] = KINDS[kind] ?? kind;
  if (fields["enabled"] === false) fields["disabled"] = true;
  // Goose writes timeouts in seconds. Only its dialect has the names `cmd`, `uri` and `envs`.
  const goose = named["command"] === "cmd" || named["url"] === "uri" || named["env"] === "envs";
  if (goose && typeof fields["timeout"] === "number") fields["timeout"] = fields["timeout"] * 1000;
  return { fields, named };
}
