import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, isAbsolute, join, sep } from "node:path";
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
  { scriptPath, args, env }: FastMCPStdioTransportOptions,
  { virtualEnv = process.env["VIRTUAL_ENV"], platform = process.platform, path = pathIn(env) } = {},
): CommandLine {
  const script = checkScript("scriptPath", scriptPath, PYTHON_ENDINGS);
  checkStrings("args", args);
  const [command, ...before] = fastmcpOf(virtualEnv, platform, path);
  return {
    kind: "fastmcp",
    name: basename(script),
    command: command!,
    args: [...before, "run", script, "--no-banner", ...(args?.length ? ["--", ...args] : [])],
    env: { PYTHONUTF8: "1", FASTMCP_CHECK_FOR_UPDATES: "off" },
    install: "Install it with: pip install fastmcp",
  };
}

const pathIn = (env: FastMCPStdioTransportOptions["env"]) =>
  (typeof env === "object" ? env["PATH"] : undefined) ?? process.env["PATH"] ?? "";

/**
 * The command of Python's FastMCP: of the active virtual environment, or on PATH. npm has a package whose command is called so, too,
 * and comes first on PATH in its scripts; where there is no other, Python is asked for its module, and says that it has none.
 */
function fastmcpOf(virtualEnv: string | undefined, platform: NodeJS.Platform, path: string): string[] {
  const own = inVirtualEnv("fastmcp", virtualEnv, platform);
  if (own) return [own];
  // npm makes a .cmd there, and Python a program.
  if (platform === "win32") return ["fastmcp.exe"];
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, "fastmcp"))
    .filter((file) => isAbsolute(file) && existsSync(file));
  if (!found[0] || !isNpms(found[0])) return ["fastmcp"];
  const pythons = found.find((file) => !isNpms(file));
  return pythons ? [pythons] : ["python3", "-m", "fastmcp.cli"];
}

const isNpms = (file: string) => realpathSync(file).split(sep).includes("node_modules");
