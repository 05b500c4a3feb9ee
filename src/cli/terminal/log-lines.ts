import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { codeOf } from "../../internal.js";

/** The lines of a log file. With `follow` also those that are written from now on, whenever it turns over; it never ends then. */
export async function* logLines(path: string, follow: boolean): AsyncGenerator<string> {
  // The one before, to which its last lines may still be written, and the one that is written now.
  const logs = [await Log.open(path)];
  try {
    for await (const _change of follow ? changes(dirname(path)) : [undefined]) {
      for (const log of logs) yield* log.lines();
      // Race: it turns over, and the old one is gone and the new one is not there yet: it will be another change.
      const now = await Log.open(path).catch(unlessMissing);
      if (!now) continue;
      if (now.id === logs.at(-1)?.id) await now.close();
      else {
        logs.push(now);
        yield* now.lines();
        if (logs.length > 2) await logs.shift()?.close();
      }
    }
  } finally {
    for (const log of logs) await log.close();
  }
}

const unlessMissing = (error: unknown): undefined => {
  if (codeOf(error) !== "ENOENT") throw error;
};

/** A file that is read to the end again and again. */
class Log {
  readonly #decoder = new StringDecoder();
  #at = 0;
  /** What has no end yet. */
  #rest = "";

  private constructor(
    private readonly file: FileHandle,
    /** No two files that are open have the same. */
    readonly id: string,
  ) {}

  static async open(path: string): Promise<Log> {
    const file = await open(path);
    const { dev, ino } = await file.stat();
    return new Log(file, `${dev} ${ino}`);
  }

  async *lines(): AsyncGenerator<string> {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      const lines = `${this.#rest}${this.#decoder.write(buffer.subarray(0, bytesRead))}`.split("\n");
      this.#rest = lines.pop() ?? "";
      yield* lines;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** Begins at once, and goes on with each change in a directory: the file is another one once it turned over. */
async function* changes(directory: string): AsyncGenerator<void> {
  let wake: () => void = () => {};
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(directory, () => wake());
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield;
      await changed;
    }
  } finally {
    watcher?.close();
  }
}
