import { basename } from "node:path";
import { checkScript, checkStrings } from "../base/check.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { inVirtualEnv, PYTHON_ENDINGS } from "./python.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";

/** The options of `FastMCPStdioTransport`. */
export interface FastMCPStdioTransportOptions extends ProcessOptions {
  /** An existing `.py` file with a server in a global named `mcp`, `server` or `app`. */
  scriptPath: string;
  /** The arguments of the script. Default: none. */
  args?: string[];
}

/**
 * A script that `fastmcp run` serves (FastMCP of Python).
 * @throws HoldfastError `CONFIG_INVALID` where the script is missing or is no script
 */
export class FastMCPStdioTransport extends KindTransport<FastMCPStdioTransportOptions> {
  constructor(options: FastMCPStdioTransportOptions) {
    checkKnown("fastmcp", options, ["scriptPath", "args", ...PROCESS_OPTIONS]);
    super(options, processOpener(options, fastmcpCommandLine(options)), FastMCPStdioTransport);
  }
}

/** `fastmcp run SCRIPT --no-banner -- ARGS` */
export function fastmcpCommandLine(
  { scriptPath, args }: FastMCPStdioTransportOptions,
  virtualEnv = process.env["VIRTUAL_ENV"],
  platform: NodeJS.Platform = process.platform,
): CommandLine {
  const script = checkScript("scriptPath", scriptPath, PYTHON_ENDINGS);
  checkStrings("args", args);
  // npm has a package whose command is named so too; the environment's own comes first.
  return {
    kind: "fastmcp",
    name: basename(script),
    command: inVirtualEnv("fastmcp", virtualEnv, platform) ?? "fastmcp",
    args: ["run", script, "--no-banner", ...(args?.length ? ["--", ...args] : [])],
    env: { PYTHONUTF8: "1", FASTMCP_CHECK_FOR_UPDATES: "off" },
    install: "Install it with: pip install fastmcp",
  };
}
