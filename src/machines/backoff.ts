/** How a connection is tried again. All times in milliseconds. */
export interface BackoffPolicy {
  /** Upper bound of the first random delay, doubled with each attempt. Default 250. */
  baseMs: number;
  /** No delay is longer than this, except one that the server asked for. Default 30,000. */
  capMs: number;
  /** Give up after so many attempts in a row. Default: never. */
  maxAttempts: number;
  /** Give up when no attempt succeeded for so long. Default: never. */
  maxElapsedMs: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = {
  baseMs: 250,
  capMs: 30_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  maxElapsedMs: Number.POSITIVE_INFINITY,
};

/** The longest delay that a timer takes; a longer one would fire at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** Clamps any number to a delay that a timer can hold: `NaN` and negative ones become 0. */
export function clampDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_DELAY_MS) : 0;
}

/**
 * The delay between the start of attempt `failed` and the start of the next one: full jitter,
 * `random(0, min(cap, base * 2^(n-1)))` for the n-th retry; the first retry is at once.
 * `random` is a number in [0, 1).
 */
export function backoffDelay(
  failed: number,
  random: number,
  policy: Pick<BackoffPolicy, "baseMs" | "capMs">,
): number {
  if (failed <= 1) return 0;
  return clampDelay(Math.min(policy.capMs, policy.baseMs * 2 ** (failed - 2)) * random);
}

/** Whether another attempt is allowed after `failed` attempts, the first of which began `elapsedMs` ago. */
export function mayRetry(failed: number, elapsedMs: number, policy: BackoffPolicy): boolean {
  return failed < policy.maxAttempts && elapsedMs < policy.maxElapsedMs;
}
