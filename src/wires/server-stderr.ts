import type { Readable } from "node:stream";
import { runCallback } from "../base/callback.js";
import { asError, messageOf } from "../base/errors.js";
import { visible } from "../base/visible.js";
import type { Failure } from "../machines/failure.js";
import type { Allowance } from "./allowance.js";
import { LineReader } from "./lines.js";
import { LogFile, type LogTarget } from "./log-file.js";
import { Lost } from "./lost.js";
import { Ring } from "./ring.js";
import { isPassing, machineFailure } from "./spawn.js";

export interface StderrOptions {
  stderr: "inherit" | "capture";
  onStderr: ((line: string) => void) | undefined;
  logFile: LogTarget | undefined;
  /** At this size the log file turns over. */
  maxLogBytes: number;
  /** Takes secrets out of what the server printed. */
  redact(text: string): string;
}

/** So much of stderr counts as a message. */
const STDERR_UNIT_BYTES = 1_024;
const KEPT_BYTES = 64 * 1024;
const LINE_BYTES = 64 * 1024;
const QUOTED_LINES = 10;

/** Half a word may be half a secret, which nobody would know again. */
const wholeWords = (text: string): string => text.replace(/\S+$/, "");

/** What a server writes to stderr: the end of it is kept, and each line goes to whoever wants it. */
export class ServerStderr {
  readonly #kept = new Ring(KEPT_BYTES);
  #log: LogFile | undefined;
  readonly #lines = new LineReader(LINE_BYTES, {
    onLine: (line) => this.#onLine(line.toString().replace(/\r$/, "")),
    onTooLarge: (head) => this.#onLine(`${wholeWords(head)}…`),
  });

  constructor(
    private readonly options: StderrOptions,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Throws a `Lost` where the log file cannot be opened. */
  openLog(): void {
    const { logFile, maxLogBytes } = this.options;
    try {
      if (logFile !== undefined) this.#log = new LogFile(logFile, this.onError, maxLogBytes);
    } catch (error) {
      throw new Lost("not-sent", logFailure(error));
    }
  }

  async closeLog(): Promise<void> {
    await this.#log?.close();
  }

  read(pipe: Readable, allowance: Allowance): void {
    allowance.add(pipe);
    pipe.on("data", (chunk: Buffer) => {
      this.#kept.push(chunk);
      this.#lines.push(chunk);
      allowance.spend(chunk.length / STDERR_UNIT_BYTES, 0);
    });
  }

  end(): void {
    this.#lines.end();
  }

  /** Its last lines, without secrets, and without what would steer a terminal. */
  lastWords(): string {
    return visible(this.options.redact(this.#kept.lastLines(QUOTED_LINES)));
  }

  #onLine(line: string): void {
    const { onStderr, redact, stderr } = this.options;
    const shown = visible(redact(line));
    this.#log?.write(shown);
    if (stderr === "inherit") process.stderr.write(`${shown}\n`);
    runCallback(
      () => onStderr?.(shown),
      (error) => this.onError(asError(error)),
    );
  }
}

/** A path that cannot be opened is a wrong option, or a folder that is being rotated. */
function logFailure(error: unknown): Failure {
  const failure = machineFailure(error, `option "logFile": ${messageOf(error)}`);
  if (isPassing(error)) return failure;
  return { ...failure, code: "CONFIG_INVALID", error, details: { path: "logFile" } };
}
