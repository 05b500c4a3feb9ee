import { clampDelay } from "./backoff.js";

/** The timers of an actor, and the time that it reads. Tests use a simulated one. */
export interface Clock {
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
  /** Milliseconds since the epoch. Never goes back. */
  now(): number;
  /** The time of day, which goes on while the machine sleeps. Without it, a sleep of the machine is not noticed. */
  wall?(): number;
}

const ORIGIN = performance.timeOrigin;

const isTimer = (value: unknown): value is NodeJS.Timeout =>
  typeof value === "object" && value !== null && "unref" in value;

/** The system's clock. Its timers do not keep the program alive; `keepAlive` alone does that. */
export const systemClock: Clock = {
  setTimeout(fn, ms) {
    const timer: unknown = setTimeout(fn, clampDelay(ms));
    // In a browser a timer is a number, which has no `unref`.
    if (isTimer(timer)) timer.unref();
    return timer;
  },
  clearTimeout: (id) => clearTimeout(isTimer(id) || typeof id === "number" ? id : undefined),
  now: () => Math.round(ORIGIN + performance.now()),
  wall: () => Date.now(),
};
