import type { Clock } from "../../src/machines/clock.js";

/** Lets everything that waits for no timer come to rest. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until a test lets time pass. */
export class HandClock implements Clock {
  readonly #timers = new Map<number, { due: number; fn: () => void }>();
  #now = 1_000_000;
  #next = 0;

  now = (): number => this.#now;

  setTimeout(fn: () => void, ms: number): number {
    this.#timers.set(++this.#next, { due: this.#now + ms, fn });
    return this.#next;
  }

  clearTimeout(id: unknown): void {
    this.#timers.delete(id as number);
  }

  /** Fires what is due within that time, in its order. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (let timer = this.#due(until); timer; timer = this.#due(until)) {
      const [id, { due, fn }] = timer;
      this.#timers.delete(id);
      this.#now = due;
      fn();
      await settled();
    }
    this.#now = until;
  }

  #due(until: number) {
    const [first] = [...this.#timers].sort(([, a], [, b]) => a.due - b.due);
    return first && first[1].due <= until ? first : undefined;
  }
}

/** Effects that run until a test ends them. */
export class Gates {
  /** What was begun, in its order. */
  readonly begun: string[] = [];
  /** What was told to stop before it had ended. */
  readonly cancelled: string[] = [];
  readonly #running = new Map<string, { resolve(): void; reject(error: unknown): void }>();

  begin(what: string, signal?: AbortSignal): Promise<void> {
    this.begun.push(what);
    signal?.addEventListener("abort", () => this.cancelled.push(what));
    return new Promise((resolve, reject) => this.#running.set(what, { resolve, reject }));
  }

  async succeed(what: string): Promise<void> {
    this.#running.get(what)!.resolve();
    await settled();
  }

  async fail(what: string, error?: unknown): Promise<void> {
    this.#running.get(what)!.reject(error);
    await settled();
  }
}
