import { checkOAuth } from "../auth/sign-in/options.js";
import { checkPositive, invalid } from "../base/check.js";
import type { McpConfig, ParseOptions } from "../config/parse.js";
import type { AccessList } from "../config/server.js";
import { checkKnown } from "../contract/check-options.js";
import type { NameRule } from "./naming.js";
import type { EveryServerOptions } from "./server-transport.js";

export interface MCPConfigTransportOptions extends EveryServerOptions, ParseOptions {
  /** The path of a config file, its content in any dialect, or what `parseConfig` gave. */
  config: string | URL | McpConfig | object;
  /** Tools and prompts as `server_name`, resources as `scheme://server/path`. Default true. */
  nameAsPrefix?: boolean;
  /** Another rule for the names of tools and prompts. */
  toolName?: NameRule;
  /** The composite opens with the servers that it has after so long. Default 10 s. */
  startTimeoutMs?: number;
  /**
   * What may be listed and used of all servers, by globs: tools and prompts as `server_name`, resources as
   * `scheme://server/path`. Default: everything.
   */
  allow?: AccessList;
  /** What may not, whatever is allowed. */
  deny?: AccessList;
  /** A list is answered with what is known after so long; what comes later is announced as changed. Default 2 s. */
  listWaitMs?: number;
  /** How many servers make their first attempt at once. Default 8. */
  maxStarts?: number;
  /** One server that cannot be reached is everybody's failure. Default false. */
  strict?: boolean;
  /** Follow the file (a path only): apply what changes, and keep the last good config when it is wrong. */
  watch?: boolean;
}

const OWN = [
  "allow",
  "deny",
  "config",
  "nameAsPrefix",
  "toolName",
  "startTimeoutMs",
  "listWaitMs",
  "maxStarts",
  "strict",
  "watch",
];
const SHARED = ["onStderr", "stderr", "reapOrphans", "oauth", "defaultAuth", "variables", "inputs", "from"];

/** @throws HoldfastError `CONFIG_INVALID` for what no config transport has, or what has a wrong form */
export function checkConfigOptions(options: MCPConfigTransportOptions): void {
  checkKnown("config", options, [...OWN, ...SHARED]);
  for (const key of ["startTimeoutMs", "listWaitMs", "maxStarts"] as const) checkPositive(key, options[key]);
  if (options.oauth !== undefined) checkOAuth(options.oauth);
  if (options.watch && pathOf(options) === undefined)
    throw invalid("watch", "only a config that is a file can be followed");
}

/** The file that the config is, if it is one. */
export const pathOf = ({ config }: MCPConfigTransportOptions): string | URL | undefined =>
  typeof config === "string" || config instanceof URL ? config : undefined;
