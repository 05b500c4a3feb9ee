/** What ends by itself at a time. */
export interface Due {
  /** By the clock of `performance.now()`; set by `Deadlines`. */
  until: number;
  /** Deletes it. */
  expire(): void;
}

/**
 * Many deadlines with one timer, which is set for the first of them and, while nothing waits, left to run out: a timer for
 * each call would cost as much as the call. While something waits it holds the program, as the timers of the SDK do.
 */
export class Deadlines<T extends Due> {
  readonly #waiting = new Set<T>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings. */
  #at = Number.POSITIVE_INFINITY;

  add(due: T, ms: number): void {
    due.until = performance.now() + ms;
    this.#waiting.add(due);
    if (due.until < this.#at) this.#set(due.until, ms);
    else if (this.#waiting.size === 1) this.#timer?.ref();
  }

  /** False if it does not wait any more. */
  delete(due: T): boolean {
    if (!this.#waiting.delete(due)) return false;
    if (this.#waiting.size === 0) this.#timer?.unref();
    return true;
  }

  /** Leaves no timer. Gives what waits and will not expire any more. */
  end(): T[] {
    this.#clear();
    return [...this.#waiting];
  }

  #set(at: number, ms: number): void {
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => this.#ring(), ms);
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }

  #ring(): void {
    // A timer may ring a little before the clock says so.
    const now = Math.max(this.#at, performance.now());
    this.#clear();
    const over: T[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const due of this.#waiting) {
      if (due.until <= now) over.push(due);
      else if (due.until < next) next = due.until;
    }
    if (next < Number.POSITIVE_INFINITY) this.#set(next, Math.ceil(next - now));
    this.#expire(over.sort((a, b) => a.until - b.until).reverse());
  }

  /** The last one first. What follows from one is over before the next one ends, as if each had a timer. */
  #expire(over: T[]): void {
    const due = over.pop();
    if (due && this.#waiting.has(due)) due.expire();
    if (over.length > 0) queueMicrotask(() => process.nextTick(() => this.#expire(over)));
  }
}
