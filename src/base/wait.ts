import { clampDelay } from "../machines/backoff.js";
import { type Clock, systemClock } from "../machines/clock.js";
import { whenAborted } from "./abort.js";

/** Settles as `work` does, or rejects with the reason of the first signal that fires before that. */
export function untilAborted<T>(work: Promise<T>, ...signals: (AbortSignal | undefined)[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const stops = signals.map((signal) => whenAborted(signal, reject));
    work.then(resolve, reject).finally(() => {
      for (const stop of stops) stop();
    });
  });
}

/** When `withDeadline` gives up, and with what. */
export interface Limit {
  /** Default: the system's clock. */
  clock?: Clock;
  /** How long `work` may take. `Infinity`: no deadline. */
  ms: number;
  /** Makes the error of the deadline. */
  expired(): unknown;
  /** Signals that end the work earlier, each with its own reason. */
  signals?: readonly (AbortSignal | undefined)[];
}

/**
 * Runs `work` with a signal that fires at the deadline, or when one of the outer signals does. `work` itself must end then. Wrap
 * it in `untilAborted` where it heeds no signal. Leaves no timer and no listener.
 */
export async function withDeadline<T>(
  { clock = systemClock, ms, expired, signals = [] }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const stops = signals.map((signal) => whenAborted(signal, (reason) => over.abort(reason)));
  const timer = Number.isFinite(ms)
    ? clock.setTimeout(() => over.abort(expired()), clampDelay(ms))
    : undefined;
  try {
    return await work(over.signal);
  } finally {
    clock.clearTimeout(timer);
    for (const stop of stops) stop();
  }
}

/** Settles after `ms` milliseconds, or rejects with the signal's reason if it fires before. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      stop();
      resolve();
    }, ms);
    const stop = whenAborted(signal, (reason) => {
      clock.clearTimeout(timer);
      reject(reason);
    });
  });
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Callers that wait for the same event, in the order in which they came. */
export class Queue<T> {
  readonly #waiters = new Set<Waiter<T>>();

  /** `limit`: how many may wait. Default: any number. */
  constructor(private readonly limit = Number.POSITIVE_INFINITY) {}

  get empty(): boolean {
    return this.#waiters.size === 0;
  }

  get full(): boolean {
    return this.#waiters.size >= this.limit;
  }

  /** Settles with the next `resolve` or `reject`, or with the signal's reason. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const waiter: Waiter<T> = { resolve, reject };
      const leave = () => {
        this.#waiters.delete(waiter);
        stop();
      };
      waiter.resolve = (value) => {
        leave();
        resolve(value);
      };
      waiter.reject = (reason) => {
        leave();
        reject(reason);
      };
      const stop = whenAborted(signal, waiter.reject);
      this.#waiters.add(waiter);
    });
  }

  resolve(value: T): void {
    for (const waiter of [...this.#waiters]) waiter.resolve(value);
  }

  reject(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }
}
