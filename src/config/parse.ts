import { findServers, isObject } from "./dialects.js";
import { readEntry } from "./entry.js";
import { readEnvFiles } from "./env-file.js";
import type { Variables } from "./expand.js";
import { expandFields } from "./expand-fields.js";
import { invalidConfig, type Problem } from "./invalid.js";
import { issuesOf } from "./issues.js";
import { REMOTE_KINDS, schemas } from "./schema.js";
import { isRemote, type ServerConfig, type WholeConfig } from "./server.js";
import { wrongToolRules } from "./tool-rules.js";

/** A config that was parsed and checked. Disabled servers are left out. */
export interface McpConfig extends WholeConfig {
  /** The servers by name, in the order of the file. */
  servers: Record<string, ServerConfig>;
  /** What is wrong with each server that cannot be used; the others can. */
  misconfigured: Record<string, Problem[]>;
  /** What the config says and holdfast does not do, such as a field of a client that it knows and cannot honour. */
  warnings: Problem[];
  /** The other fields of the config, unchanged. */
  extra: Record<string, unknown>;
}

/** The options of `parseConfig`. */
export interface ParseOptions extends Variables {
  /** Checks the form only: a URL that still has variables in it is accepted, and no file of variables is read. Default false. */
  unexpanded?: boolean;
  /** What the config is called in errors, for example its file. Default: `the config`. */
  from?: string;
  /** Whether one wrong server makes the whole config wrong. Default false: it is in `misconfigured`, and the others are usable. */
  strict?: boolean;
}

/** What each parsed config was made from. */
const parsed = new WeakMap<object, unknown>();

/** Whether a value came from `parseConfig`. */
export const isParsed = (value: unknown): value is McpConfig => isObject(value) && parsed.has(value);

/** What a parsed config was made from, with its variables not replaced. */
export const sourceOf = (config: McpConfig): unknown => parsed.get(config);

/**
 * Parses the content of a config in any dialect: `mcpServers`, VS Code's `servers`, Goose's `extensions`, and what other clients write;
 * or servers at the root. A parsed config is returned as it is.
 * @throws HoldfastError `CONFIG_INVALID`, whose `problems` list everything that is wrong, where no server can be used, what is
 * said of all is wrong, or `strict` is set; it shows no value of the config
 */
export function parseConfig(config: unknown, options: ParseOptions = {}): McpConfig {
  if (isParsed(config)) return config;
  const found = findServers(config);
  if (typeof found === "string") throw invalidConfig([{ path: "", message: found }], options.from);
  const servers: [string, ServerConfig][] = [];
  const misconfigured: [string, Problem[]][] = [];
  const warnings: Problem[] = [];
  for (const [name, entry] of Object.entries(found.entries)) {
    const problems: Problem[] = [];
    const at = [found.at, name].filter(Boolean).join(".");
    if (name === "__proto__") problems.push({ path: at, message: "no server can be called so" });
    const server = parseServer(entry, at, options, { problems, warnings });
    if (problems.length > 0) misconfigured.push([name, problems]);
    else if (server) servers.push([name, server]);
  }
  const wrong = misconfigured.flatMap(([, problems]) => problems);
  const { whole, problems } = parseWhole(found.extra);
  if (problems.length > 0 || (wrong.length > 0 && (options.strict || servers.length === 0)))
    throw invalidConfig([...wrong, ...problems], options.from);
  if (servers.length === 0) {
    const all = Object.keys(found.entries).length > 0;
    const [first] = warnings;
    const message = all ? "every server is disabled" : "expected at least one server";
    throw invalidConfig([first ?? { path: found.at, message }], options.from);
  }
  const result = {
    servers: Object.fromEntries(servers),
    misconfigured: Object.fromEntries(misconfigured),
    ...whole,
    warnings,
    extra: found.extra,
  };
  parsed.set(result, config);
  return result;
}

/** What is said of all servers. It stands at the top of the file, also where the servers do not. */
function parseWhole(extra: Record<string, unknown>): { whole: WholeConfig; problems: Problem[] } {
  const set = Object.entries(extra).filter(([, value]) => value !== null);
  const result = schemas().whole.safeParse(Object.fromEntries(set));
  return result.success
    ? { whole: result.data, problems: [] }
    : { whole: {}, problems: issuesOf(result.error).map(([path, message]) => ({ path, message })) };
}

/** Where the mistakes of a server go, and the warnings. */
interface Lists {
  problems: Problem[];
  warnings: Problem[];
}

function parseServer(
  entry: unknown,
  at: string,
  options: ParseOptions,
  { problems, warnings }: Lists,
): ServerConfig | undefined {
  const under = (path: string) => (path ? `${at}.${path}` : at);
  if (!isObject(entry)) {
    problems.push({ path: at, message: "expected an object with a command or a url" });
    return undefined;
  }
  const { variables = process.env } = options;
  const { fields, named, off } = readEntry(
    entry,
    (variable) => Boolean(variables[variable]),
    (names) => ({
      problem: (path, message) => problems.push({ path: under(renamed(path, names)), message }),
      warn: (path, message) => warnings.push({ path: under(renamed(path, names)), message }),
    }),
  );
  if (off) return undefined;
  const problem = (path: string, message: string) =>
    problems.push({ path: under(renamed(path, named)), message });
  const wrong = wrongWay(fields);
  if (wrong) {
    problem(...wrong);
    return undefined;
  }
  const expanded = withEnvFile(expandFields(fields, options, problem), options, problem);
  const result = (fields["url"] !== undefined ? schemas().remote : schemas().stdio).safeParse(expanded);
  if (!result.success) {
    for (const [path, message] of issuesOf(result.error)) problem(path, message);
    return undefined;
  }
  const server: ServerConfig = result.data;
  const open = options.unexpanded && /\$\{/.test(String(fields["url"]));
  const url = isRemote(server) && !open && problems.length === 0 ? wrongUrl(server) : undefined;
  if (url) problem("url", url);
  for (const [path, why] of wrongToolRules(server)) problem(path, why);
  return problems.length === 0 ? server : undefined;
}

/** Whether it can be reached at all: by one way, which fits the word for it. */
function wrongWay({ command, url, transport }: Record<string, unknown>): [string, string] | undefined {
  if (command !== undefined && url !== undefined)
    return ["", "has a command and a url; expected one of them"];
  if (command === undefined && url === undefined) return ["", "expected a command or a url"];
  if (url !== undefined && transport === "stdio")
    return ["transport", `a url is reached by ${REMOTE_KINDS.join(", ")}, not by stdio`];
  if (command !== undefined && transport !== undefined && transport !== "stdio")
    return ["transport", `a command is reached by stdio, expected "stdio" or nothing`];
  return undefined;
}

/** The variables of a file are those of the server; what stands in the config itself wins. */
function withEnvFile(
  { envFile, ...fields }: Record<string, unknown>,
  { unexpanded }: ParseOptions,
  problem: (path: string, why: string) => void,
): Record<string, unknown> {
  const paths = [envFile ?? []].flat();
  if (fields["url"] !== undefined || unexpanded || paths.length === 0) return fields;
  if (!paths.every((path) => typeof path === "string")) {
    problem("envFile", "expected a path");
    return fields;
  }
  const read = readEnvFiles(paths, (index, why) =>
    problem(Array.isArray(envFile) ? `envFile[${index}]` : "envFile", why),
  );
  const { env } = fields;
  return { ...fields, env: env === undefined || isObject(env) ? { ...read, ...env } : env };
}

function wrongUrl({ url, transport }: { url: string; transport?: string | undefined }) {
  if (!URL.canParse(url)) return "expected a URL";
  const { protocol } = new URL(url);
  const web = ["http:", "https:"].includes(protocol);
  const socket = ["ws:", "wss:"].includes(protocol);
  if (!web && !socket) return "expected an http, https, ws or wss URL";
  if ((socket && transport !== undefined && transport !== "ws") || (web && transport === "ws"))
    return `is not reached by the transport ${JSON.stringify(transport)}`;
  return undefined;
}

/** The path with the field names of the user's dialect. */
function renamed(path: string, named: Record<string, string>): string {
  return path.replace(/^\w+/, (field) => named[field] ?? field);
}
