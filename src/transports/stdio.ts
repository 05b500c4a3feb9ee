import { basename } from "node:path";
import {
  checkDirectory,
  checkOneOf,
  checkPositive,
  checkString,
  checkStringMap,
  checkStrings,
} from "../base/check.js";
import { redactor, withoutUserInfo } from "../base/redact.js";
import { checkKnown } from "../contract/check-options.js";
import { DEFAULTS, type SharedOptions } from "../contract/options.js";
import type { Wire } from "../contract/wire.js";
import { childEnvironment, type EnvOption, installHint, isRunner, secretsIn } from "../wires/environment.js";
import type { LogTarget } from "../wires/log-file.js";
import { StdioWire } from "../wires/stdio.js";
import { ClientTransport } from "./transport.js";

/** What every transport that runs a local process takes. */
export interface ProcessOptions extends SharedOptions {
  /** Added to the SDK's safe default variables (HOME, PATH, …); `"inherit"` hands over the whole environment. */
  env?: EnvOption;
  /** Default: the program's own. */
  cwd?: string;
  /** `inherit` also shows it in the terminal. Default `capture`: the last 64 KiB are kept, to quote in errors. */
  stderr?: "inherit" | "capture";
  /** Each line that the server writes to stderr, with known secrets taken out. */
  onStderr?: (line: string) => void;
  /** Where its lines are kept besides: a path, appended to and opened anew for each process, or a stream. */
  logFile?: LogTarget;
  /** A larger message is thrown away and its call rejects with `MESSAGE_TOO_LARGE`. Default 64 MiB. */
  maxMessageBytes?: number;
  /** End the process even if this program is killed with SIGKILL. Default true; POSIX only. */
  reapOrphans?: boolean;
  /**
   * When the connection is closed, end also what the server started in a session of its own (`setsid`): daemons are often
   * meant to stay, and are only named then. Default false; Linux only.
   */
  endDetached?: boolean;
}

export interface StdioTransportOptions extends ProcessOptions {
  /** A program on PATH or a path. It is started without a shell. */
  command: string;
  args?: string[];
}

export const PROCESS_OPTIONS = [
  "env",
  "cwd",
  "stderr",
  "onStderr",
  "logFile",
  "maxMessageBytes",
  "reapOrphans",
  "endDetached",
];

/** A command line, as a launcher builds it from its own options. */
export interface CommandLine {
  kind: string;
  name: string;
  command: string;
  args: readonly string[];
  /** Where the process runs, if the launcher decides that. */
  cwd?: string;
  /** What the launcher sets; the user's `env` wins. */
  env?: Record<string, string>;
  /** What to do where the command is not installed. */
  install?: string;
}

/** More of one line tells a person nothing more, and an inspector keeps many. */
const MAX_SHOWN_LINE = 2_000;

/** A local process that speaks MCP on stdin and stdout. The base of all launchers. */
export abstract class ProcessTransport extends ClientTransport {
  readonly #options: ProcessOptions;
  readonly #line: CommandLine;

  /** @internal */
  constructor(options: ProcessOptions, line: CommandLine) {
    checkProcess(options);
    const { kind, name, command } = line;
    const patience = isRunner(command) && { connectTimeoutMs: DEFAULTS.runnerConnectTimeoutMs };
    super(options, { kind, name, keepAlive: true, ...patience });
    this.#options = options;
    this.#line = line;
  }

  protected override openWire(): Wire {
    const { env, cwd, stderr, onStderr, logFile, maxMessageBytes, closeTimeoutMs } = this.#options;
    const { reapOrphans, endDetached } = this.#options;
    const { command, args } = this.#line;
    const { name, observe } = this;
    // The wire must not hold the transport, or it could never be forgotten.
    const owner = new WeakRef<ProcessTransport>(this);
    return new StdioWire({
      name,
      command,
      args,
      cwd: this.#line.cwd ?? cwd,
      onStderr: (line) => {
        onStderr?.(line);
        observe({ type: "stderr", line: withoutUserInfo(line).slice(0, MAX_SHOWN_LINE) });
      },
      logFile,
      install: this.#line.install ?? installHint(command),
      env: childEnvironment(env, command, this.#line.env),
      stderr: stderr ?? "capture",
      maxMessageBytes: maxMessageBytes ?? DEFAULTS.maxMessageBytes,
      closeTimeoutMs: closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
      reapOrphans: reapOrphans ?? true,
      endDetached: endDetached ?? false,
      warn: (message) => owner.deref()?.announce({ type: "warning", message: `${name}: ${message}` }),
      redact: redactor(secretsIn(env, command)),
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

function checkProcess({ env, cwd, stderr, logFile, maxMessageBytes }: ProcessOptions): void {
  if (env !== "inherit") checkStringMap("env", env);
  checkOneOf("stderr", stderr, ["inherit", "capture"]);
  checkPositive("maxMessageBytes", maxMessageBytes);
  checkDirectory("cwd", cwd);
  if (logFile !== undefined && typeof (logFile as { write?: unknown })?.write !== "function")
    checkString("logFile", logFile);
}
