import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { resolve } from "node:path";
import { HoldfastError, messageOf } from "../base/errors.js";
import { quoted } from "../base/ownership.js";
import { FIRST_LINE, FULL } from "./lines.js";

/** What a recording may hold. A line that finds no room ends it. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Events before the first wire, when nothing is opened yet. */
const MAX_EARLY = 1_000;

/** The recordings of this program, by their paths: all connections that name one file write to it, one after another. */
const recordings = new Map<string, RecordingFile>();

export function recordingAt(path: string): RecordingFile {
  const file = resolve(path);
  const recording = recordings.get(file) ?? new RecordingFile(file);
  recordings.set(file, recording);
  return recording;
}

/**
 * A file with one JSON object in each line. It is begun with the first wire, in the place of an older recording, and can be read by
 * its user alone. Lines are written at once, so nothing is lost with the program, and nothing waits in memory.
 */
export class RecordingFile {
  #begun = false;
  #early: string[] = [];
  #fd: number | undefined;
  #wires = 0;
  #bytes = 0;
  #ended = false;

  constructor(
    private readonly path: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /**
   * Holds the file open for a wire. Returns what lets it go.
   * @throws HoldfastError `CONFIG_INVALID` where it cannot be written, or is something else than a recording
   */
  hold(server: string): () => void {
    if (!this.#begun) this.#begin(server);
    this.#wires++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#wires > 0 || this.#fd === undefined) return;
      closeSync(this.#fd);
      this.#fd = undefined;
    };
  }

  /** Appends a line. Throws once where that fails, or where there is no more room: the recording has ended then. */
  append(value: object): void {
    if (this.#ended) return;
    const line = `${JSON.stringify(value)}\n`;
    if (!this.#begun) {
      if (this.#early.length < MAX_EARLY) this.#early.push(line);
      return;
    }
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes <= this.maxBytes) {
      this.#write(line, bytes);
      return;
    }
    this.#write(`${JSON.stringify({ at: Date.now(), id: "", type: FULL })}\n`, 0);
    this.#ended = true;
    throw new Error(`the recording is full (${this.maxBytes} bytes), and holds nothing of what comes after`);
  }

  #begin(server: string): void {
    try {
      this.#fd = begin(this.path);
    } catch (error) {
      const message = `${server}: ${quoted(this.path)} cannot be recorded to: ${messageOf(error)}`;
      throw new HoldfastError("CONFIG_INVALID", message, { server, path: "record", cause: error });
    }
    this.#begun = true;
    const first = [`${FIRST_LINE}\n`, ...this.#early].join("");
    this.#early = [];
    this.#write(first, Buffer.byteLength(first));
  }

  #write(text: string, bytes: number): void {
    const before = this.#bytes;
    this.#bytes += bytes;
    try {
      // Between two wires nothing is held open.
      const fd = this.#fd ?? openSync(this.path, constants.O_WRONLY | constants.O_APPEND);
      try {
        // Connections of two programs have the same ids: mixed in one file, one would get the answers of the other.
        if (fstatSync(fd).size !== before) throw new Error("another program writes to the same file");
        writeAll(fd, text);
      } finally {
        if (fd !== this.#fd) closeSync(fd);
      }
    } catch (error) {
      this.#ended = true;
      throw new Error(`the recording ends here: ${messageOf(error)}`, { cause: error });
    }
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Opens the file, empty. What is there and is no recording stays as it is. */
function begin(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
  try {
    const { size } = fstatSync(fd);
    const head = Buffer.alloc(FIRST_LINE.length);
    if (size > 0 && (readSync(fd, head, 0, head.length, 0) < head.length || head.toString() !== FIRST_LINE))
      throw new Error("there is another file, which is no recording; name a new one, or remove it");
    fchmodSync(fd, 0o600);
    ftruncateSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
