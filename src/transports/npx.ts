import { checkBoolean, checkStrings } from "../base/check.js";
import { withoutUserInfo } from "../base/redact.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { checkNpmPackage } from "./names.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";
import { projectDirectory } from "./uv.js";

/** The options of `NpxStdioTransport`. */
export interface NpxStdioTransportOptions extends ProcessOptions {
  /** The package: a name, `name@version`, a path that begins with `.`, `/` or `~`, or a URL of an archive or a git repository. */
  package: string;
  /** The arguments of its program. Default: none. */
  args?: string[];
  /** An existing directory in which the process runs. Packages that are installed there are used first. Default: none. */
  projectDirectory?: string;
  /** Prefers packages from npm's cache to asking the registry. Default true. */
  usePackageLock?: boolean;
}

const OWN = ["package", "args", "projectDirectory", "usePackageLock"];

/**
 * The program of an npm package, fetched and run by `npx` without a question.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class NpxStdioTransport extends KindTransport<NpxStdioTransportOptions> {
  constructor(options: NpxStdioTransportOptions) {
    checkKnown("npx", options, [...OWN, ...PROCESS_OPTIONS]);
    super(options, processOpener(options, npxCommandLine(options)), NpxStdioTransport);
  }
}

/** `npx -y --prefer-offline -- PACKAGE ARGS` */
export function npxCommandLine(options: NpxStdioTransportOptions): CommandLine {
  const { package: name, args, usePackageLock } = options;
  checkNpmPackage("package", name);
  checkStrings("args", args);
  checkBoolean("usePackageLock", usePackageLock);
  const cwd = projectDirectory(options);
  return {
    kind: "npx",
    name: withoutUserInfo(name),
    command: "npx",
    args: ["-y", ...(usePackageLock === false ? [] : ["--prefer-offline"]), "--", name, ...(args ?? [])],
    ...(cwd !== undefined && { cwd }),
  };
}
