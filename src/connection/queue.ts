interface Waiter<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Those who wait for the same thing, first come first served. */
export class Queue<T> {
  readonly #waiters = new Set<Waiter<T>>();

  constructor(private readonly limit: number) {}

  get empty(): boolean {
    return this.#waiters.size === 0;
  }

  get full(): boolean {
    return this.#waiters.size >= this.limit;
  }

  /** Settles with the next `resolve` or `reject`, or with the signal's reason. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => waiter.reject(signal?.reason);
      const leave = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  resolve(value: T): void {
    for (const waiter of [...this.#waiters]) waiter.resolve(value);
  }

  reject(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }
}
