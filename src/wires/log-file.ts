import {
  constants,
  createWriteStream,
  fchmodSync,
  fstatSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
} from "node:fs";
import type { Writable } from "node:stream";
import { codeOf, messageOf } from "../base/errors.js";
import { systemClock } from "../machines/clock.js";
import { pause } from "./process-group.js";

/** A path, appended to, or a stream of the user's own. */
export type LogTarget = string | Writable;

/** A pipe without a reader, or a terminal that was stopped, must not stop the program with it. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** A server's stderr may hold its arguments and more. */
const MODE = 0o600;
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
 * find no room are lost and counted; the first of them is reported, and so is the first after it went well again. Before a
 * file grows beyond `maxBytes` it turns over: it is renamed to `PATH.1`, and replaces the one of that name.
 */
export class LogFile {
  #stream: Writable | undefined;
  /** The file that is written to; undefined for what cannot turn over: a stream, a pipe, a device. */
  #file: Stats | undefined;
  #bytes = 0;
  /** A file that turned over, until its last lines are written. */
  #full: Writable | undefined;
  readonly #path: string | undefined;
  #openedAt = 0;
  #missing = 0;
  #reported = false;
  #closed = false;

  /** Throws what the system says of a path that cannot be opened. */
  constructor(
    target: LogTarget,
    private readonly onError: (error: Error) => void,
    private readonly maxBytes: number,
  ) {
    if (typeof target === "string") this.#path = target;
    else this.#stream = target;
    if (this.#path !== undefined) this.#open(this.#path);
  }

  write(line: string): void {
    if (this.#closed) return;
    if (this.#file && this.#bytes > 0 && this.#bytes + Buffer.byteLength(line) >= this.maxBytes)
      this.#turnOver(this.#file);
    const stream = this.#withRoom();
    if (!stream) {
      this.#missing++;
      return;
    }
    const missing = this.#missing;
    this.#missing = 0;
    const gap = missing > 0 ? `[${missing} lines are missing here]\n` : "";
    this.#bytes += Buffer.byteLength(gap) + Buffer.byteLength(line) + 1;
    stream.write(`${gap}${line}\n`, (error) => {
      if (error) this.#missing += missing + 1;
      else this.#reported = false;
    });
  }

  async close(): Promise<void> {
    if (this.#closed || this.#path === undefined) return;
    this.#closed = true;
    const streams = [this.#stream, this.#full].filter((stream) => stream !== undefined);
    const ended = streams
      .filter((stream) => !stream.destroyed)
      .map((stream) => new Promise<void>((resolve) => stream.end(resolve)));
    if (ended.length > 0) await Promise.race([Promise.all(ended), pause(LAST_LINES_MS)]);
    for (const stream of streams) stream.destroy();
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

  #open(path: string, mode?: number): void {
    this.#openedAt = systemClock.now();
    try {
      const fd = openSync(path, FLAGS, MODE);
      // Who let others read it wants that of its successor, too.
      if (mode !== undefined) fchmodSync(fd, mode & 0o777);
      const file = fstatSync(fd);
      this.#file = file.isFile() ? file : undefined;
      this.#bytes = file.size;
      const stream = createWriteStream(path, { fd });
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

  #turnOver(file: Stats): void {
    // A disk so slow that the one before is not written yet: its lines would fill the memory.
    if (this.#path === undefined || this.#full?.destroyed === false) return;
    const stream = this.#stream;
    // Where it fails, the file is written on, and turns over after as many bytes again.
    this.#bytes = 0;
    try {
      renameOurs(this.#path, file);
      this.#open(this.#path, file.mode);
      this.#full = stream?.end();
    } catch (error) {
      this.#report(error, "the log file did not turn over");
    }
  }

  #report(error: unknown, what = "lines for the log file are lost"): void {
    if (this.#reported) return;
    this.#reported = true;
    const why = SLOW.has(codeOf(error) ?? "") ? TOO_SLOW : messageOf(error);
    this.onError(new Error(`${what}: ${why}`, { cause: error }));
  }
}

/** Where the path is a link, it stays one. */
function renameOurs(path: string, { dev, ino }: Stats): void {
  const now = statSync(path, { throwIfNoEntry: false });
  // Race: another process writes to the same file, and it has turned over there already; or somebody moved it away.
  if (now?.dev !== dev || now.ino !== ino) return;
  const file = realpathSync(path);
  renameSync(file, `${file}.1`);
}
