import type fc from "fast-check";
import type { Clock } from "../../src/machines/clock.js";

interface Timer {
  due: number;
  fn: () => void;
}

/**
 * A clock whose time is moved by fast-check's scheduler, so that timers interleave with everything else. Ordered:
 * each step fires the timer that is due first. Adversarial: each step fires its own timer, in any order.
 */
export class ScheduledClock implements Clock {
  readonly timers = new Map<number, Timer>();
  /** Delays that were asked for; a bad one would fire at once. */
  readonly delays: number[] = [];
  #now = 1_000_000;
  #next = 1;

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
    if (this.delays.length > 2_000) return id;
    this.timers.set(id, { due: this.#now + ms, fn });
    void this.scheduler.schedule(Promise.resolve(), `timer ${ms} ms`).then(() => this.#fire(id));
    return id;
  }

  clearTimeout(id: unknown): void {
    this.timers.delete(id as number);
  }

  #fire(own: number): void {
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
