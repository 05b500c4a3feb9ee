import { clampDelay } from "./backoff.js";

/** The timers of an actor and the time that it reads. Swapped for a simulated one in tests. */
export interface Clock {
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
  /** Milliseconds since the epoch; never steps back. */
  now(): number;
  /** The time of day, which goes on while the machine sleeps. Left out: nobody looks whether it slept. */
  wall?(): number;
}

const ORIGIN = performance.timeOrigin;

const isTimer = (value: unknown): value is NodeJS.Timeout =>
  typeof value === "object" && value !== null && "unref" in value;

/** The real clock. Its timers do not keep a program alive: only the keeper does. */
export const systemClock: Clock = {
  setTimeout(fn, ms) {
    const timer: unknown = setTimeout(fn, clampDelay(ms));
    // In a browser it is a number.
    if (isTimer(timer)) timer.unref();
    return timer;
  },
  clearTimeout: (id) => clearTimeout(isTimer(id) || typeof id === "number" ? id : undefined),
  now: () => Math.round(ORIGIN + performance.now()),
  wall: () => Date.now(),
};
