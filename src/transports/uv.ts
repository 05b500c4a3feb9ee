import { checkBoolean, checkDirectory, checkFile, checkStrings, invalid } from "../base/check.js";
import { withoutUserInfo } from "../base/redact.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { checkCommand, checkModule, checkPython, checkRequirements } from "./names.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";

/** The options of `UvStdioTransport`. */
export interface UvStdioTransportOptions extends ProcessOptions {
  /** What `uv run` runs: a command, a script, or a module. */
  command: string;
  /** Its arguments. Default: none. */
  args?: string[];
  /** Whether `command` is the name of a module. Default false. */
  module?: boolean;
  /** An existing directory with the project that uv uses. The process runs in it. Default: none. */
  projectDirectory?: string;
  /** The Python to use, as `--python` takes it: `3.12`, or a path. Default: uv decides. */
  pythonVersion?: string;
  /** Additional packages to install. Default: none. */
  withPackages?: string[];
  /** An existing requirements file to install from. Default: none. */
  withRequirements?: string;
}

const OWN = [
  "command",
  "args",
  "module",
  "projectDirectory",
  "pythonVersion",
  "withPackages",
  "withRequirements",
];

/**
 * What `uv run` runs.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class UvStdioTransport extends KindTransport<UvStdioTransportOptions> {
  constructor(options: UvStdioTransportOptions) {
    checkKnown("uv", options, [...OWN, ...PROCESS_OPTIONS]);
    super(options, processOpener(options, uvCommandLine(options)), UvStdioTransport);
  }
}

/** `uv run [--python=V] [--directory=D] [--with=P]... [--with-requirements=F] [--module] -- COMMAND ARGS` */
export function uvCommandLine(options: UvStdioTransportOptions): CommandLine {
  const { command, args, module, pythonVersion, withPackages, withRequirements } = options;
  checkBoolean("module", module);
  if (module) checkModule("command", command);
  else checkCommand("command", command);
  checkStrings("args", args);
  checkRequirements("withPackages", withPackages);
  if (pythonVersion !== undefined) checkPython("pythonVersion", pythonVersion);
  const requirements =
    withRequirements === undefined ? [] : [checkFile("withRequirements", withRequirements)];
  const cwd = projectDirectory(options);
  return {
    kind: "uv",
    name: withoutUserInfo(command),
    command: "uv",
    args: [
      "run",
      ...(pythonVersion === undefined ? [] : [`--python=${pythonVersion}`]),
      ...(cwd === undefined ? [] : [`--directory=${cwd}`]),
      ...(withPackages ?? []).map((name) => `--with=${name}`),
      ...requirements.map((file) => `--with-requirements=${file}`),
      ...(module ? ["--module"] : []),
      "--",
      command,
      ...(args ?? []),
    ],
    ...(cwd !== undefined && { cwd }),
  };
}

/** The directory of a runner's project, which is where the process runs: a `cwd` beside it would be ignored. */
export function projectDirectory(options: { projectDirectory?: string; cwd?: string }): string | undefined {
  const directory = checkDirectory("projectDirectory", options.projectDirectory);
  if (directory !== undefined && options.cwd !== undefined)
    throw invalid("cwd", "the process runs in projectDirectory; pass one of the two");
  return directory;
}
