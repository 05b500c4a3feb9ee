import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { checkOAuth } from "../auth/sign-in/options.js";
import { checkBoolean, checkOneOf, checkPositive, checkString, invalid } from "../base/check.js";
import { lockPathOf } from "../config/lock.js";
import type { McpConfig, ParseOptions } from "../config/parse.js";
import type { AccessList, PinMode } from "../config/server.js";
import { checkKnown } from "../contract/check-options.js";
import { DEFAULTS } from "../contract/options.js";
import type { NameRule } from "./naming.js";
import type { EveryServerOptions } from "./server-transport.js";

/** The options of `MCPConfigTransport`. Those that all transports share hold for each of its servers. */
export interface MCPConfigTransportOptions extends EveryServerOptions, ParseOptions {
  /** The path of a config file, the content of one in any dialect, or the result of `parseConfig`. */
  config: string | URL | McpConfig | object;
  /** Shows tools and prompts as `server_name`, and resources as `scheme://server/path`. Default true. */
  nameAsPrefix?: boolean;
  /** Another rule for the shown names of tools and prompts. Default: what `nameAsPrefix` says. */
  toolName?: NameRule;
  /** After this long the composite opens with the servers that it has, in milliseconds. Default 10,000. */
  startTimeoutMs?: number;
  /**
   * What may be listed and used of all servers, by globs: tools and prompts as `server_name`, resources as
   * `scheme://server/path`. Default: everything.
   */
  allow?: AccessList;
  /** What may not, whatever is allowed. */
  deny?: AccessList;
  /**
   * What becomes of definitions that are not as in the lock: a warning (`warn`), or they are neither listed nor callable
   * (`block`, which needs the lock). Default: what the config says, else `off`.
   */
  pin?: PinMode;
  /** The path of the lock. Default: beside the config file, `mcp.lock.json` for `mcp.json`. */
  lockFile?: string;
  /**
   * Starts servers by the first call that needs them; what each one offers is known from when it last ran. What the config
   * says of one server wins. Default: what the config says of all, else false.
   */
  lazy?: boolean;
  /**
   * The directory in which it is kept what lazy servers offer. Default: `holdfast/manifests`, beside the credentials of
   * `fileStore()`.
   */
  manifestDirectory?: string;
  /** After this long a list is answered with what is known, in milliseconds; later entries are announced. Default 2,000. */
  listWaitMs?: number;
  /**
   * `search`: two tools are listed in the place of all, one that finds tools by plain words, and one that calls them.
   * Default `list`: all are.
   */
  tools?: "list" | "search";
  /** How many servers make their first attempt at the same time. Default 8. */
  maxStarts?: number;
  /** Whether the composite fails if one of its servers cannot be reached, or its entry is wrong. Default false. */
  strict?: boolean;
  /** Follows changes of the config file. While the file is wrong, the last good config is kept. Needs a path. Default false. */
  watch?: boolean;
}

const OWN = [
  "allow",
  "deny",
  "config",
  "nameAsPrefix",
  "toolName",
  "startTimeoutMs",
  "lazy",
  "listWaitMs",
  "lockFile",
  "manifestDirectory",
  "maxStarts",
  "pin",
  "strict",
  "tools",
  "watch",
];
const SHARED = [
  "onStderr",
  "stderr",
  "reapOrphans",
  "maxMessageBytes",
  "oauth",
  "defaultAuth",
  "variables",
  "inputs",
  "from",
];

function checkAccess(key: string, list: AccessList | undefined): void {
  const isGlobs = (globs: unknown) => Array.isArray(globs) && globs.every((glob) => typeof glob === "string");
  const kinds = ["tools", "prompts", "resources"];
  if (list === undefined || isGlobs(list)) return;
  const entries = typeof list === "object" && list !== null ? Object.entries(list) : [["", undefined]];
  for (const [kind, globs] of entries)
    if (!kinds.includes(String(kind)) || (globs !== undefined && !isGlobs(globs)))
      throw invalid(key, "expected a list of globs, or { tools, prompts, resources } with one each");
}

/** @throws HoldfastError `CONFIG_INVALID` for what no config transport has, or what has a wrong form */
export function checkConfigOptions(options: MCPConfigTransportOptions): void {
  checkKnown("config", options, [...OWN, ...SHARED]);
  for (const key of ["startTimeoutMs", "listWaitMs", "maxStarts", "maxMessageBytes"] as const)
    checkPositive(key, options[key]);
  for (const key of ["allow", "deny"] as const) checkAccess(key, options[key]);
  if (options.tools !== undefined && options.tools !== "list" && options.tools !== "search")
    throw invalid("tools", 'expected "list" or "search"');
  checkOneOf("pin", options.pin, ["warn", "block", "off"]);
  for (const key of ["lockFile", "manifestDirectory"] as const)
    if (options[key] !== undefined) checkString(key, options[key]);
  checkBoolean("lazy", options.lazy);
  if (options.oauth !== undefined) checkOAuth(options.oauth);
  if (options.watch && pathOf(options) === undefined)
    throw invalid("watch", "only a config that is a file can be followed");
}

/** The file that the config is, if it is one. */
export const pathOf = ({ config }: MCPConfigTransportOptions): string | URL | undefined =>
  typeof config === "string" || config instanceof URL ? config : undefined;

/** What a config of several servers is called. */
export function nameOf(options: MCPConfigTransportOptions): string {
  const path = pathOf(options);
  return path ? basename(String(path)) : "config";
}

/** The lock of the config, where it has a place. */
export function lockOf(options: MCPConfigTransportOptions): string | undefined {
  const path = pathOf(options);
  if (options.lockFile !== undefined || path === undefined) return options.lockFile;
  return lockPathOf(path instanceof URL ? fileURLToPath(path) : path);
}

/** The same options for a fork, whose config is no file any more. */
export function forFork(options: MCPConfigTransportOptions, config: McpConfig): MCPConfigTransportOptions {
  const lockFile = lockOf(options);
  return { ...options, config, watch: false, ...(lockFile !== undefined && { lockFile }) };
}

/** The limits of a composite, each with its default. */
export function timesOf(options: MCPConfigTransportOptions) {
  const { connectTimeoutMs, closeTimeoutMs, listWaitMs, maxStarts, startTimeoutMs } = options;
  return {
    listWaitMs: listWaitMs ?? DEFAULTS.listWaitMs,
    listTimeoutMs: DEFAULTS.listTimeoutMs,
    maxStarts: maxStarts ?? DEFAULTS.maxStarts,
    // Before the deadline of the attempt itself, or one server that hangs would be everybody's failure.
    startTimeoutMs: Math.min(
      startTimeoutMs ?? DEFAULTS.startTimeoutMs,
      (connectTimeoutMs ?? DEFAULTS.connectTimeoutMs) * 0.8,
    ),
    closeTimeoutMs: (closeTimeoutMs ?? DEFAULTS.closeTimeoutMs) * 0.9,
  };
}
