import { Transform, type TransformCallback } from "node:stream";

/** What can be done to the bytes between a client and a real server. */
export interface ByteFaults {
  /** Ends every connection, as a crash of the network would: sockets are reset, a process is killed. */
  cut(): void;
  /** Lets nothing pass any more in either direction, and tells nobody: a half-open connection. */
  stall(): void;
  /** Lets pass again, and what was held back first. */
  resume(): void;
  /** Passes what the server sends in pieces of half a chunk, each so many milliseconds after the last; 0: at once. */
  slow(ms: number): void;
  /** Flips the bits of one byte in the next thing that the server sends. */
  corrupt(): void;
  /** Passes half of the next thing that the server sends, and ends the connection. */
  truncate(): void;
}

/** One direction of a connection, in bytes. */
export class Passage extends Transform {
  slowMs = 0;
  corruptNext = false;
  truncateNext = false;
  #stalled = false;
  #held: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly cut: () => void) {
    super();
    this.on("close", () => clearTimeout(this.#timer));
  }

  stall(): void {
    this.#stalled = true;
  }

  resumeFlow(): void {
    this.#stalled = false;
    for (const go of this.#held.splice(0)) go();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#stalled) {
      this.#held.push(() => this._transform(chunk, _encoding, done));
      return;
    }
    const half = chunk.length >> 1;
    if (this.truncateNext) {
      this.truncateNext = false;
      this.push(chunk.subarray(0, half));
      // After the half is on its way.
      setImmediate(this.cut);
      return;
    }
    if (this.corruptNext) {
      this.corruptNext = false;
      chunk[half] = chunk[half]! ^ 0xff;
    }
    if (this.slowMs === 0) {
      done(null, chunk);
      return;
    }
    this.push(chunk.subarray(0, half));
    this.#timer = setTimeout(() => {
      const rest = () => done(null, chunk.subarray(half));
      if (this.#stalled) this.#held.push(rest);
      else rest();
    }, this.slowMs);
  }
}

/** Both directions of one connection. */
export class Pair implements ByteFaults {
  readonly up: Passage;
  readonly down: Passage;

  constructor(readonly cut: () => void) {
    this.up = new Passage(cut);
    this.down = new Passage(cut);
  }

  stall(): void {
    this.up.stall();
    this.down.stall();
  }
  resume(): void {
    this.up.resumeFlow();
    this.down.resumeFlow();
  }
  slow(ms: number): void {
    this.down.slowMs = ms;
  }
  corrupt(): void {
    this.down.corruptNext = true;
  }
  truncate(): void {
    this.down.truncateNext = true;
  }
}
