/** A body that is larger is put together as it comes, and others after it in the same memory. */
const LARGE = 256 * 1024;
const LEAST_ROOM = 2 * LARGE;
/** More memory than this is not kept for the next one. */
const MAX_SPARE = 16 * 1024 * 1024;

/** Memory for a large body while nobody uses it; a full collection takes it. What it holds is overwritten before it is read. */
let spare: WeakRef<Buffer> | undefined;

/**
 * The bytes of one body. The pieces of a large one are not kept until its end: they would outlive the quick collections, and wait
 * for a full one, which takes longer than all else that is done for the body.
 */
export class Body {
  size = 0;
  #pieces: Buffer[] = [];
  #room: Buffer | undefined;

  add(bytes: Buffer): void {
    const end = this.size + bytes.length;
    if (end <= LARGE) this.#pieces.push(bytes);
    else bytes.copy(this.#roomFor(end), this.size);
    this.size = end;
  }

  /** Its text, which is UTF-8. To be asked for once. */
  text(): string {
    const room = this.#room;
    const whole = room ?? joined(this.#pieces);
    // From here on it is the next one's.
    this.#room = undefined;
    if (room && room.length <= MAX_SPARE) spare = new WeakRef(room);
    // Not as latin1, though most are ASCII: Node 20 puts such a text outside of V8's heap, where it waits for a full collection.
    return whole.toString("utf8", 0, this.size);
  }

  #roomFor(bytes: number): Buffer {
    const filled = this.#room ?? joined(this.#pieces);
    if (filled.length >= bytes) return filled;
    this.#room = roomOf(bytes);
    this.#pieces = [];
    filled.copy(this.#room, 0, 0, this.size);
    return this.#room;
  }
}

/** What another body left, or new memory, which is at least doubled where a body outgrows what it has. */
function roomOf(bytes: number): Buffer {
  const left = spare?.deref();
  spare = undefined;
  if (left && left.length >= bytes) return left;
  return Buffer.allocUnsafeSlow(Math.max(LEAST_ROOM, 2 ** Math.ceil(Math.log2(bytes))));
}

const joined = (pieces: Buffer[]): Buffer => (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
