/** How a lost connection is retried. All times in milliseconds. */
export interface BackoffPolicy {
  /** The upper bound of the first random delay. It doubles with each attempt. Default 250. */
  baseMs: number;
  /** The upper bound of every delay, except of one that the server asks for. Default 30,000. */
  capMs: number;
  /** Gives up after this many attempts in a row. Default: no limit. */
  maxAttempts: number;
  /** Gives up when no attempt has succeeded for this long. Default: no limit. */
  maxElapsedMs: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = {
  baseMs: 250,
  capMs: 30_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  maxElapsedMs: Number.POSITIVE_INFINITY,
};

/** The longest delay that a timer of Node takes. With a longer one it would fire at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** Clamps a number to a delay that a timer takes. `NaN` and negative numbers become 0. */
export function clampDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_DELAY_MS) : 0;
}

/**
 * The delay from the start of attempt number `failed` to the start of the next one. The first retry comes at once. After that the
 * n-th retry waits `random * min(capMs, baseMs * 2^(n-2))` (full jitter), where `random` is a number in [0, 1).
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
