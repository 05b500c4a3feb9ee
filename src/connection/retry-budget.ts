import type { Clock } from "../machines/clock.js";

/** So many requests may be written again, so that a server that flaps is not hammered. Refills with time. */
export class RetryBudget {
  #tokens = CAPACITY;
  #at: number;

  constructor(private readonly clock: Clock) {
    this.#at = clock.now();
  }

  /** Takes one; false if there is none left. */
  take(): boolean {
    const now = this.clock.now();
    this.#tokens = Math.min(CAPACITY, this.#tokens + ((now - this.#at) / 1000) * PER_SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

const CAPACITY = 100;

const PER_SECOND = 10;
