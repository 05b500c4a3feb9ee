import { basename } from "node:path";
import {
  checkDirectory,
  checkOneOf,
  checkPositive,
  checkString,
  checkStringMap,
  checkStrings,
} from "../base/check.js";
import { fieldsOf } from "../base/fields.js";
import { loader } from "../base/loader.js";
import { Secrets, withoutUserInfo } from "../base/redact.js";
import { checkKnown } from "../contract/check-options.js";
import { DEFAULTS, type SharedOptions } from "../contract/options.js";
import { addEnvironment, type EnvOption, installHint, isRunner } from "../wires/environment.js";
import type { LogTarget } from "../wires/log-file.js";
import { KindTransport } from "./kind.js";
import type { Opener } from "./opener.js";

/** The options of every transport that runs a local process. */
export interface ProcessOptions extends SharedOptions {
  /** Added to the SDK's safe default variables (HOME, PATH, …); `"inherit"` hands over the whole environment. */
  env?: EnvOption;
  /** The directory in which the process runs. Default: the program's own. */
  cwd?: string;
  /** What happens to stderr. `capture` (default) keeps the last 64 KiB, to quote them in errors; `inherit` also shows it. */
  stderr?: "inherit" | "capture";
  /** Called with each line that the server writes to stderr, without known secrets. Default: nobody. */
  onStderr?: (line: string) => void;
  /**
   * Where lines of stderr are stored: a stream, or a path that each process opens anew and appends to. A file that is made has
   * mode 0600. Default: nowhere.
   */
  logFile?: LogTarget;
  /** The size in bytes at which a log file is renamed to `PATH.1`, in place of the last one, and begun anew. Default 10 MiB. */
  maxLogBytes?: number;
  /** The largest message in bytes. A larger one is dropped, and its call rejects with `MESSAGE_TOO_LARGE`. Default 64 MiB. */
  maxMessageBytes?: number;
  /** Ends the process even if this program is killed with SIGKILL. POSIX only. Default true. */
  reapOrphans?: boolean;
  /**
   * Also ends processes that the server started in a session of their own (`setsid`), when the connection is closed. Without it
   * a warning only names them, because daemons are often meant to stay. Linux only. Default false.
   */
  endDetached?: boolean;
}

/** The options of `StdioTransport`. */
export interface StdioTransportOptions extends ProcessOptions {
  /** A program on PATH, or its path. It is started without a shell. */
  command: string;
  /** Its arguments. Default: none. */
  args?: string[];
}

export const PROCESS_OPTIONS = [
  "env",
  "cwd",
  "stderr",
  "onStderr",
  "logFile",
  "maxLogBytes",
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

const loadWire = loader(() =>
  Promise.all([import("../wires/stdio.js"), import("../wires/child-environment.js")]),
);

/** A local process that speaks MCP on stdin and stdout. */
export function processOpener(options: ProcessOptions, line: CommandLine): Opener {
  checkProcess(options);
  const { kind, name, command, args } = line;
  const secrets = new Secrets();
  addEnvironment(secrets, options.env, command);
  secrets.addArguments([command, ...args]);
  const patience = isRunner(command) && { connectTimeoutMs: DEFAULTS.runnerConnectTimeoutMs };
  const { env, cwd, stderr, onStderr, logFile, maxMessageBytes, closeTimeoutMs } = options;
  return {
    kind,
    name,
    defaults: { keepAlive: true, ...patience },
    secrets,
    open: async ({ observe, warn }) => {
      const [{ StdioWire }, { childEnvironment }] = await loadWire();
      return new StdioWire({
        name: options.name ?? name,
        command,
        args,
        cwd: line.cwd ?? cwd,
        onStderr: (text) => {
          onStderr?.(text);
          observe({ type: "stderr", line: withoutUserInfo(text).slice(0, MAX_SHOWN_LINE) });
        },
        logFile,
        maxLogBytes: options.maxLogBytes ?? DEFAULTS.maxLogBytes,
        install: line.install ?? installHint(command),
        env: childEnvironment(env, command, line.env),
        stderr: stderr ?? "capture",
        maxMessageBytes: maxMessageBytes ?? DEFAULTS.maxMessageBytes,
        closeTimeoutMs: closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
        reapOrphans: options.reapOrphans ?? true,
        endDetached: options.endDetached ?? false,
        warn,
        redact: (text) => secrets.redact(text),
      });
    },
  };
}

/**
 * Any command that speaks MCP on stdin and stdout.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option; nothing is started before the first connect
 */
export class StdioTransport extends KindTransport<StdioTransportOptions> {
  constructor(options: StdioTransportOptions) {
    const { command, args } = options;
    checkString("command", command);
    checkStrings("args", args);
    checkKnown("stdio", options, ["command", "args", ...PROCESS_OPTIONS]);
    const line = { kind: "stdio", name: basename(command), command, args: args ?? [] };
    super(options, processOpener(options, line), StdioTransport);
  }
}

function checkProcess({ env, cwd, stderr, logFile, maxLogBytes, maxMessageBytes }: ProcessOptions): void {
  if (env !== "inherit") checkStringMap("env", env);
  checkOneOf("stderr", stderr, ["inherit", "capture"]);
  checkPositive("maxMessageBytes", maxMessageBytes);
  checkPositive("maxLogBytes", maxLogBytes);
  checkDirectory("cwd", cwd);
  if (logFile !== undefined && typeof fieldsOf(logFile)["write"] !== "function")
    checkString("logFile", logFile);
}
