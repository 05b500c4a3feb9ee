import { systemClock } from "../machines/clock.js";

/** When to give up, and what is thrown then. */
export interface Limit {
  /** Infinity: never. */
  ms: number;
  /** Gives up earlier, with its own reason. */
  signal?: AbortSignal | undefined;
  expired(): Error;
}

/** Runs `work` with a signal that fires when the limit is reached; leaves no timer and no listener. */
export async function withDeadline<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { ms, signal } = limit;
  const over = new AbortController();
  const onAbort = () => over.abort(signal?.reason);
  const timer = Number.isFinite(ms)
    ? systemClock.setTimeout(() => over.abort(limit.expired()), ms)
    : undefined;
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(over.signal);
  } finally {
    systemClock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
