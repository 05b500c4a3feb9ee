import type { Clock } from "../machines/clock.js";

/** So many requests may be written again, so that a server that flaps is not hammered. Refills with time. */
export class RetryBudget {
  #tokens = CAPACITY;
  #at: number;
  /** The lost epoch that was paid for last. */
  #paid: number | undefined;

  constructor(private readonly clock: Clock) {
    this.#at = clock.now();
  }

  /** Takes one; false if there is none left. What was lost with one `epoch` is paid for once, however much that is. */
  take(epoch?: number): boolean {
    if (epoch !== undefined && epoch === this.#paid) return true;
    const now = this.clock.now();
    this.#tokens = Math.min(CAPACITY, this.#tokens + (Math.max(0, now - this.#at) / 1000) * PER_SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    if (epoch !== undefined) this.#paid = epoch;
    return true;
  }
}

const CAPACITY = 100;

const PER_SECOND = 10;
