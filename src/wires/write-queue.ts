import type { Writable } from "node:stream";
import type { RequestId } from "@modelcontextprotocol/client";

interface Waiting {
  text: string;
  resolve(): void;
  reject(error: Error): void;
}

const WRITTEN = Promise.resolve();
/** What a message that waits costs besides its text. */
const OVERHEAD_BYTES = 1024;

/**
 * Writes to a pipe as fast as it takes. What it does not take waits here, where it can be taken back and where it is
 * bounded: a stream of Node would hold all of it.
 */
export class WriteQueue {
  /** By their ids, the oldest first; what has none gets a key of its own. */
  readonly #waiting = new Map<RequestId | symbol, Waiting>();
  #bytes = 0;
  /** How many messages were written in this turn of the event loop; whether they were several in the last one that wrote. */
  #inTurn = 0;
  #writesMany = true;
  #full: PromiseWithResolvers | undefined;
  #gone: Error | undefined;

  constructor(
    private readonly pipe: Writable,
    private readonly maxBytes: number,
  ) {
    pipe.on("drain", () => this.#onDrain());
  }

  /** How many messages wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Whether there is no room for one more to wait. One alone always has room. */
  isFull(text: string): boolean {
    return this.#waiting.size > 0 && this.#bytes + costOf(text) > this.maxBytes;
  }

  /** Whether the request waits, so that nothing of it was written. */
  has(id: RequestId): boolean {
    return this.#waiting.has(id);
  }

  /** Settles when the pipe has taken the text and has room again; rejects when it will never be written. */
  write(text: string, id?: RequestId): Promise<void> {
    if (this.#gone) return Promise.reject(this.#gone);
    if (this.#waiting.size === 0 && !this.pipe.writableNeedDrain) return this.#hand(text);
    this.#bytes += costOf(text);
    return new Promise((resolve, reject) => this.#waiting.set(id ?? Symbol(), { text, resolve, reject }));
  }

  /** Takes a request back; false if it was written, or was never here. */
  withdraw(id: RequestId, why: () => Error): boolean {
    const waiting = this.#remove(id);
    waiting?.reject(why());
    return waiting !== undefined;
  }

  /** The pipe takes nothing more. What was handed to it may have arrived; what waits has not. */
  end(why: Error): void {
    this.#gone ??= why;
    this.#full?.resolve();
    for (const key of [...this.#waiting.keys()]) this.#remove(key)!.reject(why);
  }

  #remove(key: RequestId | symbol): Waiting | undefined {
    const waiting = this.#waiting.get(key);
    if (!waiting) return undefined;
    this.#waiting.delete(key);
    this.#bytes -= costOf(waiting.text);
    return waiting;
  }

  #hand(text: string): Promise<void> {
    this.#gather();
    if (this.pipe.write(text)) return WRITTEN;
    this.#full ??= withResolvers();
    return this.#full.promise;
  }

  /**
   * What is written in one turn of the event loop goes to the system at once: each hand-over costs as much as the rest. Where the turn
   * before wrote one message alone, the first does not wait for others: a caller that makes one call after another waits for it.
   */
  #gather(): void {
    const isFirst = this.#inTurn++ === 0;
    if (isFirst) process.nextTick(() => this.#turnEnds());
    if (this.pipe.writableCorked === 0 && (this.#writesMany || !isFirst)) this.pipe.cork();
  }

  #turnEnds(): void {
    this.#writesMany = this.#inTurn > 1;
    this.#inTurn = 0;
    this.pipe.uncork();
  }

  #onDrain(): void {
    this.#full?.resolve();
    this.#full = undefined;
    for (const key of this.#waiting.keys()) {
      if (this.pipe.writableNeedDrain) return;
      const { text, resolve } = this.#remove(key)!;
      void this.#hand(text).then(resolve);
    }
  }
}

const costOf = (text: string): number => text.length + OVERHEAD_BYTES;

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve(): void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
