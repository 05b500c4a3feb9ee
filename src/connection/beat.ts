import type { Clock } from "../machines/clock.js";

const beats = new WeakMap<Clock, Map<number, Beat>>();

/**
 * Calls `look` every `ms` milliseconds, together with all others of that clock and length: a program with hundreds of idle
 * connections wakes once for them all. The first time comes earlier where others look already. Returns what ends it.
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
    if (this.empty) this.#arm();
    this.#looks.add(look);
  }

  remove(look: () => void): void {
    this.#looks.delete(look);
    if (this.empty) this.clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#arm();
      for (const look of [...this.#looks]) if (this.#looks.has(look)) look();
    }, this.ms);
  }
}
