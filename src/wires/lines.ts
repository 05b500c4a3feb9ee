import { ENDS } from "./messages.js";

const NEWLINE = 10;

export interface LineHandlers {
  onLine(line: Buffer): void;
  /** A line over the limit was thrown away; its first and last bytes are left, and how many there were. */
  onTooLarge(head: string, tail: string, bytes: number): void;
  /** So many bytes are to be kept of a line that has not ended: false where there is no room for them. */
  mayKeep?(bytes: number): boolean;
  /** What was kept of a line is not any more. */
  onRelease?(): void;
  /** So many bytes came of a line that is over the limit, and are thrown away. */
  onExcess?(bytes: number): void;
}

/** Cuts a byte stream into lines. The pieces of a long line are kept as they came and joined once. */
export class LineReader {
  #pieces: Buffer[] = [];
  #size = 0;
  /** The line is over the limit: its ends are kept. */
  #cut = false;
  #head = "";
  #tail: Buffer = Buffer.alloc(0);

  constructor(
    private readonly maxBytes: number,
    private readonly handlers: LineHandlers,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start >= chunk.length) return;
    const piece = chunk.subarray(start);
    this.#add(piece, this.#cut || this.handlers.mayKeep?.(piece.length) !== false);
  }

  /** The stream is over: what stands after the last newline is a line too. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  /** Nothing more comes: what is kept of a line that has not ended is let go. */
  drop(): void {
    this.#pieces = [];
    this.#size = 0;
  }

  #add(piece: Buffer, hasRoom = true): void {
    this.#size += piece.length;
    if (!this.#cut && hasRoom && this.#size <= this.maxBytes) {
      this.#pieces.push(piece);
      return;
    }
    if (!this.#cut) {
      this.#cut = true;
      this.handlers.onRelease?.();
      const pieces = [...this.#pieces, piece];
      this.#head = Buffer.concat(firstOf(pieces)).toString("utf8", 0, ENDS);
      this.#tail = endOf(firstOf(pieces.reverse()).reverse());
      this.#pieces = [];
    } else this.#tail = endOf(piece.length < ENDS ? [this.#tail, piece] : [piece]);
    this.handlers.onExcess?.(piece.length);
  }

  #finish(): void {
    const pieces = this.#pieces;
    const cut = this.#cut;
    const size = this.#size;
    this.#pieces = [];
    this.#size = 0;
    this.#cut = false;
    if (!cut) this.handlers.onRelease?.();
    if (cut) this.handlers.onTooLarge(this.#head, this.#tail.toString(), size);
    else this.handlers.onLine(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  }
}

/** As many of the pieces as hold what is kept: joining all of a line that is too large costs as much as it is. */
function firstOf(pieces: readonly Buffer[]): Buffer[] {
  let size = 0;
  let count = 0;
  while (count < pieces.length && size < ENDS) size += pieces[count++]!.length;
  return pieces.slice(0, count);
}

/** A copy, which holds no chunk. */
function endOf(pieces: readonly Buffer[]): Buffer {
  const joined = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  return Buffer.from(joined.subarray(-ENDS));
}
