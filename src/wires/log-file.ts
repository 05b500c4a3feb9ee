import { createWriteStream, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { HoldfastError, messageOf } from "../base/errors.js";

/** A path, appended to, or a stream of the user's own. */
export type LogTarget = string | Writable;

/** Where the stderr of one process is kept. A path is opened anew for each process; a stream stays the user's. */
export class LogFile {
  readonly #stream: Writable;
  readonly #owned: boolean;

  /** @throws HoldfastError `CONFIG_INVALID` where the path cannot be written */
  constructor(target: LogTarget, onError: (error: Error) => void) {
    this.#owned = typeof target === "string";
    this.#stream = typeof target === "string" ? append(target) : target;
    if (this.#owned) this.#stream.on("error", onError);
  }

  write(line: string): void {
    if (this.#stream.writable) this.#stream.write(`${line}\n`);
  }

  async close(): Promise<void> {
    if (this.#owned && this.#stream.writable) await new Promise<void>((resolve) => this.#stream.end(resolve));
  }
}

/** Opened at once, so that a wrong path is known before the process is. */
function append(path: string): Writable {
  try {
    return createWriteStream(path, { fd: openSync(path, "a") });
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `option "logFile": ${messageOf(cause)}`, {
      path: "logFile",
      cause,
    });
  }
}
