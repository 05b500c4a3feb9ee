/** The servers of a config as they stand there, whatever its dialect, and what stands beside them. */
export interface Found {
  /** Where they stand: `mcpServers`, `servers`, `extensions`; empty at the root. */
  at: string;
  /** The same, key by key: a key may have a dot in it. */
  place: string[];
  entries: Record<string, unknown>;
  extra: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

/** Where each dialect keeps its servers: FastMCP and most clients, VS Code, VS Code's settings, Goose. */
const PLACES = [["mcpServers"], ["servers"], ["mcp", "servers"], ["extensions"]] as const;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Finds the servers; a string says why there are none. */
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

/** Claude Code keeps servers per project in `~/.claude.json`; those of the current one count. */
function projectServers(config: Fields): Fields {
  const { projects } = config;
  const project = isObject(projects) ? projects[process.cwd()] : undefined;
  return isObject(project) && isObject(project["mcpServers"]) ? project["mcpServers"] : {};
}

const URLS = ["url", "serverUrl", "httpUrl", "uri"];
const isServer = (value: unknown): value is Fields =>
  isObject(value) && ["command", "cmd", ...URLS].some((key) => key in value);

/** Other words for our fields, by dialect; the first that is set wins. */
const WORDS: Record<string, readonly string[]> = {
  command: ["command", "cmd"],
  url: URLS,
  transport: ["transport", "type"],
  keepAlive: ["keepAlive", "keep_alive"],
  era: ["era", "mode"],
  env: ["env", "envs"],
  includeTags: ["includeTags", "include_tags"],
  excludeTags: ["excludeTags", "exclude_tags"],
};

const KINDS: Record<string, string> = {
  "streamable-http": "http",
  streamableHttp: "http",
  streamable_http: "http",
  websocket: "ws",
};

/** One entry in our words. `named` says under which of its names each field stood there. */
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
  // Gemini's httpUrl says how it is reached; its url means SSE only there, so that is left to the path.
  if (named["url"] === "httpUrl" && fields["transport"] === undefined) fields["transport"] = "http";
  const kind = fields["transport"];
  if (typeof kind === "string") fields["transport"] = KINDS[kind] ?? kind;
  if (fields["enabled"] === false) fields["disabled"] = true;
  // Goose writes seconds, and nothing else has `cmd`, `uri` or `envs`.
  const goose = named["command"] === "cmd" || named["url"] === "uri" || named["env"] === "envs";
  if (goose && typeof fields["timeout"] === "number") fields["timeout"] = fields["timeout"] * 1000;
  return { fields, named };
}
