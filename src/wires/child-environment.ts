import { getDefaultEnvironment } from "@modelcontextprotocol/client/stdio";
import { DAEMON_MARK } from "../base/daemon-mark.js";
import { definedOnly, type EnvOption, isRunner, runnerEnvironment } from "./environment.js";

/**
 * The environment of a child process: the safe variables of this one, what a runner needs, the launcher's `own`, and
 * what the user gave, which wins.
 */
export function childEnvironment(
  env: EnvOption | undefined,
  command: string,
  own: Record<string, string> = {},
): Record<string, string> {
  if (env === "inherit") return { ...definedOnly(process.env), ...own };
  return {
    ...getDefaultEnvironment(),
    ...(isRunner(command) && runnerEnvironment()),
    ...daemonMark(),
    ...own,
    ...env,
  };
}

/** What a daemon started is found by its mark, should the daemon be killed. */
function daemonMark(): Record<string, string> {
  const key = process.env[DAEMON_MARK];
  return key === undefined ? {} : { [DAEMON_MARK]: key };
}
