import { systemClock } from "../machines/clock.js";

/** A daemon that ends so soon after it stood is not followed by another one at once. */
const STABLE_MS = 5_000;
const DELAYS_MS = [0, 0, 100, 250, 500, 1_000, 2_000];
const MAX_DELAY_MS = 5_000;

/** How long a shim waits before it wants the next daemon. */
export class Patience {
  #short = 0;
  #since = 0;

  get delayMs(): number {
    return DELAYS_MS[this.#short] ?? MAX_DELAY_MS;
  }

  /** A daemon stands. */
  began(): void {
    this.#since = systemClock.now();
  }

  /** It ended, `asked` or not. */
  ended(asked: boolean): void {
    const short = !asked && systemClock.now() - this.#since < STABLE_MS;
    this.#short = short ? this.#short + 1 : 0;
  }
}
