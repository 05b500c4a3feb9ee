import type { Clock } from "../machines/clock.js";

const beats = new WeakMap<Clock, Map<number, Beat>>();

/** Each may send a ping: more of them at once would hold the program up, and their server. */
const AT_ONCE = 25;

/**
 * Calls `look` every `ms` milliseconds, together with all others of that clock and length: a program with hundreds of idle
 * connections wakes a few times for them all. The first time comes earlier where others look already, and later where hundreds came
 * together, by one `ms` at most. Returns what ends it.
 */
export function onBeat(clock: Clock, ms: number, look: () => void): () => void {
  const ofClock = beats.get(clock) ?? new Map<number, Beat>();
  beats.set(clock, ofClock);
  const beat = ofClock.get(ms) ?? new Beat(clock, ms);
  ofClock.set(ms, beat);
  beat.add(look);
  return () => {
    beat.remove(look);
    if (beat.empty && ofClock.get(ms) === beat) ofClock.delete(ms);
  };
}

class Beat {
  /** Those that looked longest ago come first. */
  readonly #looks = new Set<() => void>();
  #timer: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
  ) {}

  get empty(): boolean {
    return this.#looks.size === 0;
  }

  add(look: () => void): void {
    this.#looks.add(look);
    if (this.#looks.size === 1) this.#arm();
  }

  remove(look: () => void): void {
    this.#looks.delete(look);
    if (this.empty) this.clock.clearTimeout(this.#timer);
  }

  get #wakes(): number {
    return Math.ceil(this.#looks.size / AT_ONCE);
  }

  #arm(): void {
    this.#timer = this.clock.setTimeout(() => {
      const due = [...this.#looks].slice(0, Math.ceil(this.#looks.size / this.#wakes));
      for (const look of due) {
        this.#looks.delete(look);
        this.#looks.add(look);
      }
      this.#arm();
      for (const look of due) if (this.#looks.has(look)) look();
    }, this.ms / this.#wakes);
  }
}
