import { checkStrings } from "../base/check.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { checkPython, checkRequirement, checkRequirements } from "./names.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";
import { projectDirectory } from "./uv.js";

/** The options of `UvxStdioTransport`. */
export interface UvxStdioTransportOptions extends ProcessOptions {
  /** The name of the tool. */
  toolName: string;
  /** Its arguments. Default: none. */
  toolArgs?: string[];
  /** An existing directory in which the process runs. Default: the program's own. */
  projectDirectory?: string;
  /** The Python to use, as `--python` takes it: `3.12`, or a path. Default: uv decides. */
  pythonVersion?: string;
  /** Additional packages to install. Default: none. */
  withPackages?: string[];
  /** The package that has the tool. Default: the one named as the tool. */
  fromPackage?: string;
}

const OWN = ["toolName", "toolArgs", "projectDirectory", "pythonVersion", "withPackages", "fromPackage"];

/**
 * A tool of a Python package, fetched and run by `uvx`.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class UvxStdioTransport extends KindTransport<UvxStdioTransportOptions> {
  constructor(options: UvxStdioTransportOptions) {
    checkKnown("uvx", options, [...OWN, ...PROCESS_OPTIONS]);
    super(options, processOpener(options, uvxCommandLine(options)), UvxStdioTransport);
  }
}

/** `uvx [--python=V] [--from=P] [--with=P]... -- TOOL ARGS` */
export function uvxCommandLine(options: UvxStdioTransportOptions): CommandLine {
  const { toolName, toolArgs, pythonVersion, withPackages, fromPackage } = options;
  checkRequirement("toolName", toolName);
  checkStrings("toolArgs", toolArgs);
  checkRequirements("withPackages", withPackages);
  if (pythonVersion !== undefined) checkPython("pythonVersion", pythonVersion);
  if (fromPackage !== undefined) checkRequirement("fromPackage", fromPackage);
  const cwd = projectDirectory(options);
  return {
    kind: "uvx",
    name: toolName,
    command: "uvx",
    args: [
      ...(pythonVersion === undefined ? [] : [`--python=${pythonVersion}`]),
      ...(fromPackage === undefined ? [] : [`--from=${fromPackage}`]),
      ...(withPackages ?? []).map((name) => `--with=${name}`),
      "--",
      toolName,
      ...(toolArgs ?? []),
    ],
    ...(cwd !== undefined && { cwd }),
  };
}
