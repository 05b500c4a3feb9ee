import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { checkScript, checkString, checkStrings } from "../base/check.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";

/** The options of `PythonStdioTransport`. */
export interface PythonStdioTransportOptions extends ProcessOptions {
  /** An existing `.py` file. A relative path starts at the program's directory, not at `cwd`. */
  scriptPath: string;
  /** The arguments of the script. Default: none. */
  args?: string[];
  /** The command that runs the script. Default: the python of the active virtual environment, else `python3` (`python` on Windows). */
  pythonCommand?: string;
}

export const PYTHON_ENDINGS = [".py"];

/**
 * A script that Python runs, in UTF-8 mode.
 * @throws HoldfastError `CONFIG_INVALID` where the script is missing or is no script
 */
export class PythonStdioTransport extends KindTransport<PythonStdioTransportOptions> {
  constructor(options: PythonStdioTransportOptions) {
    checkKnown("python", options, ["scriptPath", "args", "pythonCommand", ...PROCESS_OPTIONS]);
    super(options, processOpener(options, pythonCommandLine(options)), PythonStdioTransport);
  }
}

/** `python3 SCRIPT ARGS` */
export function pythonCommandLine(
  { scriptPath, args, pythonCommand }: PythonStdioTransportOptions,
  virtualEnv = process.env["VIRTUAL_ENV"],
  platform: NodeJS.Platform = process.platform,
): CommandLine {
  const script = checkScript("scriptPath", scriptPath, PYTHON_ENDINGS);
  checkStrings("args", args);
  if (pythonCommand !== undefined) checkString("pythonCommand", pythonCommand);
  const windows = platform === "win32";
  return {
    kind: "python",
    name: basename(script),
    command:
      pythonCommand ?? inVirtualEnv("python", virtualEnv, platform) ?? (windows ? "python" : "python3"),
    args: [script, ...(args ?? [])],
    env: { PYTHONUTF8: "1" },
    install: "Install Python 3, or pass pythonCommand",
  };
}

/** The command of the active virtual environment, where there is one that has it. */
export function inVirtualEnv(
  command: string,
  virtualEnv: string | undefined,
  platform: NodeJS.Platform,
): string | undefined {
  if (!virtualEnv) return undefined;
  const windows = platform === "win32";
  const path = windows ? join(virtualEnv, "Scripts", `${command}.exe`) : join(virtualEnv, "bin", command);
  return existsSync(path) ? path : undefined;
}
