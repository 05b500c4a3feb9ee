import { ENDS } from "./messages.js";

const NEWLINE = 10;

export interface LineHandlers {
  onLine(line: Buffer): void;
  /** A line over the limit was thrown away; its first and last bytes are left. */
  onTooLarge(head: string, tail: string): void;
  /** So many bytes came of a line that is over the limit, and are thrown away. */
  onExcess?(bytes: number): void;
}

/** Cuts a byte stream into lines. The pieces of a long line are kept as they came and joined once. */
export class LineReader {
  #pieces: Buffer[] = [];
  #size = 0;
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
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  /** The stream is over: what stands after the last newline is a line too. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  #add(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size <= this.maxBytes) {
      this.#pieces.push(piece);
      return;
    }
    if (this.#pieces.length > 0 || this.#head === "") {
      const pieces = [...this.#pieces, piece];
      this.#head = Buffer.concat(firstOf(pieces)).toString("utf8", 0, ENDS);
      this.#tail = endOf(firstOf(pieces.reverse()).reverse());
      this.#pieces = [];
    } else this.#tail = endOf(piece.length < ENDS ? [this.#tail, piece] : [piece]);
    this.handlers.onExcess?.(piece.length);
  }

  #finish(): void {
    const pieces = this.#pieces;
    const tooLarge = this.#size > this.maxBytes;
    this.#pieces = [];
    this.#size = 0;
    if (tooLarge) {
      this.handlers.onTooLarge(this.#head, this.#tail.toString());
      this.#head = "";
      return;
    }
    this.handlers.onLine(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
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
