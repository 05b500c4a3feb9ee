import { statSync } from "node:fs";
import { basename } from "node:path";
import { DEFAULTS, type SharedOptions } from "../options.js";
import { redactor } from "../secrets.js";
import { childEnvironment, type EnvOption } from "../wires/environment.js";
import { StdioWire } from "../wires/stdio.js";
import {
  checkKnown,
  checkOneOf,
  checkPositive,
  checkString,
  checkStringMap,
  checkStrings,
  invalid,
} from "./check.js";
import { ClientTransport } from "./transport.js";

/** What every transport that runs a local process takes. */
export interface ProcessOptions extends SharedOptions {
  /** Added to the SDK's safe default variables (HOME, PATH, …); `"inherit"` hands over the whole environment. */
  env?: EnvOption;
  /** Default: the program's own. */
  cwd?: string;
  /** `capture` (default) keeps the last 64 KiB to quote in errors; `inherit` shows it in the terminal. */
  stderr?: "inherit" | "capture";
  /** Each line that the server writes to stderr, with known secrets taken out. */
  onStderr?: (line: string) => void;
  /** A larger message is thrown away and its call rejects with `MESSAGE_TOO_LARGE`. Default 64 MiB. */
  maxMessageBytes?: number;
  /** End the process even if this program is killed with SIGKILL. Default true; POSIX only. */
  reapOrphans?: boolean;
}

export interface StdioTransportOptions extends ProcessOptions {
  /** A program on PATH or a path. It is started without a shell. */
  command: string;
  args?: string[];
}

export const PROCESS_OPTIONS = ["env", "cwd", "stderr", "onStderr", "maxMessageBytes", "reapOrphans"];

/** A command line, as a launcher builds it from its own options. */
export interface CommandLine {
  kind: string;
  name: string;
  command: string;
  args: readonly string[];
}

/** A local process that speaks MCP on stdin and stdout. The base of all launchers. */
export abstract class ProcessTransport extends ClientTransport {
  readonly #options: ProcessOptions;
  readonly #line: CommandLine;

  constructor(options: ProcessOptions, line: CommandLine) {
    checkProcess(options);
    super(options, { kind: line.kind, name: line.name, keepAlive: true });
    this.#options = options;
    this.#line = line;
  }

  protected override openWire(): StdioWire {
    const { env, cwd, stderr, onStderr, maxMessageBytes, closeTimeoutMs, reapOrphans } = this.#options;
    const { command, args } = this.#line;
    return new StdioWire({
      command,
      args,
      cwd,
      onStderr,
      env: childEnvironment(env),
      stderr: stderr ?? "capture",
      maxMessageBytes: maxMessageBytes ?? DEFAULTS.maxMessageBytes,
      closeTimeoutMs: closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
      reapOrphans: reapOrphans ?? true,
      redact: redactor(typeof env === "object" ? Object.values(env) : []),
    });
  }
}

/**
 * Any command that speaks MCP on stdin and stdout.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option; nothing is started before the first connect
 */
export class StdioTransport extends ProcessTransport {
  readonly #options: StdioTransportOptions;

  constructor(options: StdioTransportOptions) {
    checkString("command", options.command);
    checkStrings("args", options.args);
    checkKnown("stdio", options, ["command", "args", ...PROCESS_OPTIONS]);
    super(options, {
      kind: "stdio",
      name: basename(options.command),
      command: options.command,
      args: options.args ?? [],
    });
    this.#options = options;
  }

  override fork(): StdioTransport {
    return new StdioTransport(this.#options);
  }
}

function checkProcess({ env, cwd, stderr, maxMessageBytes }: ProcessOptions): void {
  if (env !== "inherit") checkStringMap("env", env);
  checkOneOf("stderr", stderr, ["inherit", "capture"]);
  checkPositive("maxMessageBytes", maxMessageBytes);
  if (cwd !== undefined && !isDirectory(cwd))
    throw invalid("cwd", `${JSON.stringify(cwd)} is not a directory`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
