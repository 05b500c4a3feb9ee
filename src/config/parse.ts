import type { ZodError } from "zod";
import { HoldfastError } from "../base/errors.js";
import { findServers, inOurWords, isObject } from "./dialects.js";
import { expand, type Variables } from "./expand.js";
import { REMOTE_KINDS, remoteSchema, stdioSchema, wholeSchema } from "./schema.js";
import { isRemote, type ServerConfig, type WholeConfig } from "./server.js";
import { wrongToolRules } from "./tool-rules.js";

/** A config that was parsed and checked. Disabled servers are left out. */
export interface McpConfig extends WholeConfig {
  /** The servers by name, in the order of the file. */
  servers: Record<string, ServerConfig>;
  /** The other fields of the config, unchanged. */
  extra: Record<string, unknown>;
}

/** One mistake in a config, and the path of its field. */
export interface Problem {
  /** The path of the field, such as `mcpServers.weather.url`. */
  path: string;
  /** What is wrong with it. Shows no value. */
  message: string;
}

/** The options of `parseConfig`. */
export interface ParseOptions extends Variables {
  /** Checks the form only: a URL that still has variables in it is accepted. Default false. */
  unexpanded?: boolean;
  /** What the config is called in errors, for example its file. Default: `the config`. */
  from?: string;
}

/** What each parsed config was made from. */
const parsed = new WeakMap<object, unknown>();

/** Whether a value came from `parseConfig`. */
export const isParsed = (value: unknown): value is McpConfig => isObject(value) && parsed.has(value);

/** What a parsed config was made from, with its variables not replaced. */
export const sourceOf = (config: McpConfig): unknown => parsed.get(config);

/**
 * Parses the content of a config in any dialect: `mcpServers`, VS Code's `servers`, Goose's `extensions`, or servers at the
 * root. A parsed config is returned as it is.
 * @throws HoldfastError `CONFIG_INVALID`, whose `problems` list everything that is wrong; it shows no value of the config
 */
export function parseConfig(config: unknown, options: ParseOptions = {}): McpConfig {
  if (isParsed(config)) return config;
  if (!isObject(config)) throw invalidConfig([{ path: "", message: "expected an object" }], options.from);
  const found = findServers(config);
  if (typeof found === "string") throw invalidConfig([{ path: "", message: found }], options.from);
  const problems: Problem[] = [];
  const servers: Record<string, ServerConfig> = {};
  for (const [name, entry] of Object.entries(found.entries)) {
    const at = [found.at, name].filter(Boolean).join(".");
    if (name === "__proto__") problems.push({ path: at, message: "no server can be called so" });
    const server = parseServer(entry, at, options, problems);
    if (server && !server.disabled) servers[name] = server;
  }
  const whole = parseWhole(found.extra, problems);
  if (problems.length > 0) throw invalidConfig(problems, options.from);
  if (Object.keys(servers).length === 0) {
    const all = Object.keys(found.entries).length > 0;
    const message = all ? "every server is disabled" : "expected at least one server";
    throw invalidConfig([{ path: found.at, message }], options.from);
  }
  const result = { servers, ...whole, extra: found.extra };
  parsed.set(result, config);
  return result;
}

/** What is said of all servers. It stands at the top of the file, also where the servers do not. */
function parseWhole(extra: Record<string, unknown>, problems: Problem[]): WholeConfig {
  const result = wholeSchema.safeParse(extra);
  if (result.success) return result.data;
  report(result.error, {}, (path, message) => problems.push({ path, message }));
  return {};
}

function parseServer(
  entry: unknown,
  at: string,
  variables: ParseOptions,
  problems: Problem[],
): ServerConfig | undefined {
  const problem = (path: string, message: string) =>
    problems.push({ path: path ? `${at}.${path}` : at, message });
  if (!isObject(entry)) {
    problem("", "expected an object with a command or a url");
    return undefined;
  }
  const { fields, named } = inOurWords(entry);
  // A disabled server is not checked: it may be unfinished.
  if (fields["disabled"] === true) return { command: "disabled", disabled: true };
  const { command, url, transport } = fields;
  if (command !== undefined && url !== undefined)
    problem("", "has a command and a url; expected one of them");
  else if (command === undefined && url === undefined) problem("", "expected a command or a url");
  else if (url !== undefined && transport === "stdio")
    problem(named["transport"]!, `a url is reached by ${REMOTE_KINDS.join(", ")}, not by stdio`);
  else if (command !== undefined && transport !== undefined && transport !== "stdio")
    problem(named["transport"]!, `a command is reached by stdio, expected "stdio" or nothing`);
  else {
    const before = problems.length;
    const expanded = expandFields(fields, variables, (path, why) => problem(renamed(path, named), why));
    const result = (url !== undefined ? remoteSchema : stdioSchema).safeParse(expanded);
    if (!result.success) report(result.error, named, problem);
    else if (problems.length === before) {
      const server: ServerConfig = result.data;
      const open = variables.unexpanded && /\$\{/.test(String(url));
      const wrong = isRemote(server) && !open ? wrongUrl(server) : undefined;
      if (wrong) problem(named["url"]!, wrong);
      for (const [path, why] of wrongToolRules(server)) problem(path, why);
      if (problems.length === before) return server;
    }
  }
  return undefined;
}

/** The fields in which variables are replaced. They reach the server; fields that are only shown are left as they are. */
const EXPANDED = ["command", "args", "env", "cwd", "url", "headers", "auth"];
/** How deep these fields may be nested. No real server needs that much. */
const MAX_DEPTH = 20;

function expandFields(
  fields: Record<string, unknown>,
  variables: Variables,
  problem: (path: string, why: string) => void,
): Record<string, unknown> {
  const walk = (value: unknown, path: string, within: readonly unknown[]): unknown => {
    if (typeof value === "string") return expand(value, variables, (why) => problem(path, why));
    const isList = Array.isArray(value);
    if (!isList && (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype)) return value;
    if (within.includes(value) || within.length === MAX_DEPTH) {
      problem(path, within.includes(value) ? "contains itself" : `is nested deeper than ${MAX_DEPTH} levels`);
      return "";
    }
    const inside = [...within, value];
    if (isList) return value.map((item, i) => walk(item, `${path}[${i}]`, inside));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, `${path}.${key}`, inside)]),
    );
  };
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      EXPANDED.includes(key) ? walk(value, key, []) : value,
    ]),
  );
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

function report(
  error: ZodError,
  named: Record<string, string>,
  problem: (path: string, why: string) => void,
): void {
  for (const { path, message } of error.issues) {
    const shown = path.reduce<string>(
      (before, part) =>
        typeof part === "number" ? `${before}[${part}]` : before ? `${before}.${String(part)}` : String(part),
      "",
    );
    problem(renamed(shown, named), message.replace(/^Invalid (input|option): /, ""));
  }
}

/** The path with the field names of the user's dialect. */
function renamed(path: string, named: Record<string, string>): string {
  return path.replace(/^\w+/, (field) => named[field] ?? field);
}

/** One error that lists all problems. */
export function invalidConfig(problems: Problem[], from?: string): HoldfastError<"CONFIG_INVALID"> {
  const lines = problems.map(({ path, message }) => `  ${path ? `${path}: ` : ""}${message}`);
  const where = from ?? "the config";
  const [only] = problems.length === 1 ? lines : [];
  const message = only
    ? `${where} is not valid: ${only.trim()}`
    : `${where} is not valid, ${problems.length} problems:\n${lines.join("\n")}`;
  return new HoldfastError("CONFIG_INVALID", message, { path: problems[0]?.path ?? "", problems });
}
