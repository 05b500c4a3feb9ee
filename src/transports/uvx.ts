import { checkString, checkStrings } from "../base/check.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";
import { projectDirectory } from "./uv.js";

export interface UvxStdioTransportOptions extends ProcessOptions {
  /** The tool, and the package that it comes from unless `fromPackage` names another. */
  toolName: string;
  toolArgs?: string[];
  /** A directory that exists; the process runs in it. */
  projectDirectory?: string;
  /** As `--python` takes it. */
  pythonVersion?: string;
  /** Packages to have besides. */
  withPackages?: string[];
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

/** `uvx [--python V] [--from P] [--with P]... TOOL ARGS` */
export function uvxCommandLine(options: UvxStdioTransportOptions): CommandLine {
  const { toolName, toolArgs, pythonVersion, withPackages, fromPackage } = options;
  checkString("toolName", toolName);
  checkStrings("toolArgs", toolArgs);
  checkStrings("withPackages", withPackages);
  if (pythonVersion !== undefined) checkString("pythonVersion", pythonVersion);
  if (fromPackage !== undefined) checkString("fromPackage", fromPackage);
  const cwd = projectDirectory(options);
  return {
    kind: "uvx",
    name: toolName,
    command: "uvx",
    args: [
      ...(pythonVersion === undefined ? [] : ["--python", pythonVersion]),
      ...(fromPackage === undefined ? [] : ["--from", fromPackage]),
      ...(withPackages ?? []).flatMap((name) => ["--with", name]),
      toolName,
      ...(toolArgs ?? []),
    ],
    ...(cwd !== undefined && { cwd }),
  };
}
