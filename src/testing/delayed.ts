import type { Direction } from "./faults.js";

const DEFAULT_MS = 20;
/** Until a message that waits for the next one goes alone. */
const REORDER_MS = 50;

type Pass = () => void;

/** The messages that faults keep back on one wire, until they pass or the wire ends. */
export class Delayed {
  readonly #timers = new Set<NodeJS.Timeout>();
  /** What comes after the message that it waits for, by direction. */
  readonly #held: Record<Direction, Pass[]> = { out: [], in: [] };
  /** While nothing passes: what waits, in order. */
  #stalled: Pass[] | undefined;

  later(ms = DEFAULT_MS, pass: Pass): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      pass();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  /** Passes after the next message in that direction. */
  hold(direction: Direction, pass: Pass): void {
    this.#held[direction].push(pass);
    this.later(REORDER_MS, () => this.release(direction));
  }

  release(direction: Direction): void {
    for (const pass of this.#held[direction].splice(0)) pass();
  }

  /** From here on nothing passes for so long. */
  stall(ms: number | undefined, first: Pass): void {
    const waiting = [first];
    this.#stalled = waiting;
    this.later(ms, () => {
      this.#stalled = undefined;
      for (const pass of waiting) pass();
    });
  }

  /** Whether nothing passes now, so that this waits. */
  joinsStall(pass: Pass): boolean {
    this.#stalled?.push(pass);
    return this.#stalled !== undefined;
  }

  /** Passes once nothing of that direction is kept back. */
  after(direction: Direction, pass: Pass): void {
    const again = () => this.after(direction, pass);
    if (this.joinsStall(again)) return;
    if (this.#held[direction].length > 0) this.#held[direction].push(pass);
    else if (this.#timers.size > 0) this.later(DEFAULT_MS, again);
    else pass();
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#stalled = undefined;
  }
}
