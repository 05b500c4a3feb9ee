import { existsSync, statSync } from "node:fs";
import type { McpConfig } from "../../index.js";
import { isConfigFile, lockPathOf, readServer } from "../../internal.js";
import { loginCommand } from "./sign-in.js";
import { configOfClient, knownClient, lockOfClient } from "./trust.js";

/** The servers of a client, or one server of a config file. */
export interface PartOfConfig {
  config: McpConfig;
  /** What its definitions are compared with, where the config wants that. */
  lockFile: string | undefined;
  /** The command that signs in to one of the servers. */
  login: (server: string) => string;
}

/** Splits `mcp.json:demo` into the file and one of its servers. Undefined: it does not begin with a config file. */
export function serverOfFile(target: string): { path: string; server: string } | undefined {
  for (let at = target.indexOf(":"); at > 0; at = target.indexOf(":", at + 1)) {
    const path = target.slice(0, at);
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    if (isFile && isConfigFile(path)) return { path, server: target.slice(at + 1) };
  }
  return undefined;
}

/**
 * What `cursor`, `cursor:weather` and `mcp.json:demo` mean. Undefined: the target is something else.
 * @throws HoldfastError `SERVER_UNKNOWN` and `CONFIG_INVALID`
 */
export function partOfConfig(target: string): PartOfConfig | undefined {
  if (existsSync(target)) return undefined;
  const known = knownClient(target);
  if (known) {
    const named = (server: string) => (known.server === undefined ? `${known.client}:${server}` : target);
    return {
      config: configOfClient(known),
      lockFile: lockOfClient(known),
      login: (server) => loginCommand(named(server)),
    };
  }
  const one = serverOfFile(target);
  return (
    one && {
      config: readServer(one.path, one.server),
      lockFile: lockPathOf(one.path),
      login: () => loginCommand(one.path, one.server),
    }
  );
}
