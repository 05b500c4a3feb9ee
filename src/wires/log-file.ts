import { constants, createWriteStream, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { codeOf, messageOf } from "../base/errors.js";
import { systemClock } from "../machines/clock.js";
import { pause } from "./process-group.js";

/** A path, appended to, or a stream of the user's own. */
export type LogTarget = string | Writable;

/** A pipe without a reader, or a terminal that was stopped, must not stop the program with it. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** What may wait for a slow disk or pipe. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** What cannot be written to is opened again after so long, at the next line. */
const AGAIN_MS = 1000;
const TOO_SLOW = "it takes them too slowly";
/** How Node says it of a pipe that is full, after it tried a few times. */
const SLOW = new Set(["EAGAIN", "ERR_SYSTEM_ERROR"]);
/** How long the last lines may take. */
const LAST_LINES_MS = 500;

/**
 * Where the stderr of one process is kept. A path is opened anew for each process; a stream stays the user's. Lines that
 * find no room are lost and counted; the first of them is reported, and so is the first after it went well again.
 */
export class LogFile {
  #stream: Writable | undefined;
  readonly #path: string | undefined;
  #openedAt = 0;
  #missing = 0;
  #reported = false;
  #closed = false;

  /** Throws what the system says of a path that cannot be opened. */
  constructor(
    target: LogTarget,
    private readonly onError: (error: Error) => void,
  ) {
    if (typeof target === "string") this.#path = target;
    else this.#stream = target;
    if (this.#path !== undefined) this.#open(this.#path);
  }

  write(line: string): void {
    if (this.#closed) return;
    const stream = this.#withRoom();
    if (!stream) {
      this.#missing++;
      return;
    }
    const missing = this.#missing;
    this.#missing = 0;
    const gap = missing > 0 ? `[${missing} lines are missing here]\n` : "";
    stream.write(`${gap}${line}\n`, (error) => {
      if (error) this.#missing += missing + 1;
      else this.#reported = false;
    });
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    if (this.#closed || this.#path === undefined) return;
    this.#closed = true;
    if (!stream?.writable) return;
    await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), pause(LAST_LINES_MS)]);
    stream.destroy();
  }

  #withRoom(): Writable | undefined {
    if (!this.#stream && this.#path !== undefined) this.#reopen(this.#path);
    const stream = this.#stream;
    if (!stream?.writable) return undefined;
    if (stream.writableLength < MAX_WAITING_BYTES) return stream;
    this.#report(new Error(TOO_SLOW));
    return undefined;
  }

  #reopen(path: string): void {
    if (systemClock.now() - this.#openedAt < AGAIN_MS) return;
    try {
      this.#open(path);
    } catch (error) {
      this.#report(error);
    }
  }

  #open(path: string): void {
    this.#openedAt = systemClock.now();
    try {
      const stream = createWriteStream(path, { fd: openSync(path, FLAGS) });
      stream.on("error", (error) => {
        if (this.#stream === stream) this.#stream = undefined;
        this.#report(error);
      });
      this.#stream = stream;
    } catch (error) {
      // A pipe that nobody reads yet; somebody may come.
      if (codeOf(error) !== "ENXIO") throw error;
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#reported) return;
    this.#reported = true;
    const why = SLOW.has(codeOf(error) ?? "") ? TOO_SLOW : messageOf(error);
    this.onError(new Error(`lines for the log file are lost: ${why}`, { cause: error }));
  }
}
