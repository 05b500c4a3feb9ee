import type fc from "fast-check";
import type { Clock } from "../machines/clock.js";

interface Timer {
  due: number;
  fn: () => void;
}

/**
 * A clock whose time is moved by fast-check's scheduler, so that timers interleave with everything else. Ordered:
 * each step fires the timer that is due first. Adversarial: each step fires its own timer, in any order.
 */
export class ScheduledClock implements Clock {
  /** @internal */
  readonly timers = new Map<number, Timer>();
  /** Delays that were asked for; a bad one would fire at once. */
  readonly delays: number[] = [];
  #now = 1_000_000;
  #next = 1;
  #cleared = 0;

  constructor(
    private readonly scheduler: fc.Scheduler,
    private readonly order: "ordered" | "adversarial",
  ) {}

  now(): number {
    return this.#now;
  }

  setTimeout(fn: () => void, ms: number): number {
    const id = this.#next++;
    this.delays.push(ms);
    // A run that never comes to rest is found by this, and must not take all memory before.
    if (this.delays.length > 2_000) return id;
    this.timers.set(id, { due: this.#now + ms, fn });
    void this.scheduler.schedule(Promise.resolve(), `timer ${ms} ms`).then(() => this.#fire(id));
    return id;
  }

  clearTimeout(id: unknown): void {
    if (this.timers.delete(id as number)) this.#cleared++;
  }

  #fire(own: number): void {
    // One step for each timer that is still set: a cleared one must not make time pass, or time would run away from
    // everything else.
    if (this.order === "ordered" && this.#cleared > 0) {
      this.#cleared--;
      return;
    }
    const id = this.order === "adversarial" ? own : this.#earliest();
    const timer = id === undefined ? undefined : this.timers.get(id);
    if (id === undefined || !timer) return;
    this.timers.delete(id);
    this.#now = Math.max(this.#now, timer.due);
    timer.fn();
  }

  #earliest(): number | undefined {
    let first: number | undefined;
    for (const [id, { due }] of this.timers)
      if (first === undefined || due < this.timers.get(first)!.due) first = id;
    return first;
  }
}
