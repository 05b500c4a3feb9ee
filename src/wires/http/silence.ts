import { systemClock } from "../../machines/clock.js";

/** A shorter pause is no interval: what comes at once is one sign of life. */
const MIN_INTERVAL_MS = 1_000;
/** So many pauses make an interval. */
const PAUSES = 2;
const MISSED = 3;

/** Watches one stream for silence: of three of its own keep-alive intervals, once it has shown them, or of `maxMs`. */
export class Silence {
  #heardAt = systemClock.now();
  #pauses = 0;
  #longestMs = 0;
  #timer: unknown;

  constructor(
    private readonly maxMs: number,
    private readonly onSilent: () => void,
  ) {
    this.#arm(this.#limitMs);
  }

  /** Bytes came in; `keepsAlive`: they were only to say that the stream is there. */
  heard(keepsAlive: boolean): void {
    const now = systemClock.now();
    const pause = now - this.#heardAt;
    this.#heardAt = now;
    if (!keepsAlive || pause < MIN_INTERVAL_MS) return;
    this.#pauses++;
    this.#longestMs = Math.max(this.#longestMs, pause);
    // The limit is new: the timer that runs may be for a later moment.
    if (this.#pauses <= PAUSES) this.#arm(this.#limitMs);
  }

  stop(): void {
    systemClock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #limitMs(): number {
    return this.#pauses < PAUSES ? this.maxMs : Math.min(this.maxMs, this.#longestMs * MISSED);
  }

  #arm(ms: number): void {
    this.stop();
    if (!Number.isFinite(ms)) return;
    this.#timer = systemClock.setTimeout(() => {
      const left = this.#heardAt + this.#limitMs - systemClock.now();
      if (left > 0) this.#arm(left);
      else this.onSilent();
    }, ms);
  }
}
