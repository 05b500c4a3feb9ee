import { whenAborted } from "./abort.js";

/** A lock within this program. For each key one piece of work runs at a time, first come first served. */
export class KeyedLock {
  /** For each locked key, the waiting ones in their order. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /**
   * Runs `work` when it is its turn, and returns its result. Rejects with the signal's reason where it fires while this waits,
   * and never once `work` has begun.
   */
  async run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const queue = this.#waiting.get(key);
    if (queue) await waitIn(queue, signal);
    else this.#waiting.set(key, []);
    try {
      return await work();
    } finally {
      const next = this.#waiting.get(key)?.shift();
      if (next) next();
      else this.#waiting.delete(key);
    }
  }
}

function waitIn(queue: (() => void)[], signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const begin = () => {
      stop();
      resolve();
    };
    queue.push(begin);
    const stop = whenAborted(signal, (reason) => {
      queue.splice(queue.indexOf(begin), 1);
      reject(reason);
    });
  });
}
