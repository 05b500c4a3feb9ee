import { type BackoffPolicy, backoffDelay, mayRetry } from "./backoff.js";
import type { ConnectionEffects } from "./effects.js";
import type { Failure } from "./failure.js";

/** The settings that decide what the machine does. All times in milliseconds. */
export interface ConnectionPolicy extends BackoffPolicy {
  /** Whether a server that was never reached is tried again. */
  initial: boolean;
  connectTimeoutMs: number;
  closeTimeoutMs: number;
  probeTimeoutMs: number;
  /** How long a person may take to sign in. */
  authorizeTimeoutMs: number;
  /** A connection that held so long forgets its failed attempts. */
  stableAfterMs: number;
  /** Ends a connection that nobody needed for so long. `Infinity`: never. */
  idleTimeoutMs: number;
  /** Whether a healthy connection stays when nobody needs it. */
  keepAlive: boolean;
}

export interface ConnectionInput {
  /** The number that the first attempt follows. */
  epoch: number;
  policy: ConnectionPolicy;
  now: () => number;
  /** A number in [0, 1). */
  random: () => number;
  effects: ConnectionEffects;
}

export interface ConnectionContext extends ConnectionInput {
  /** Attempts in a row without a connection that proved stable. */
  attempt: number;
  /** Refused attempts in a row that led to a sign-in. */
  refusals: number;
  leases: number;
  /** `connect()` holds the connection until `disconnect` or `close`. */
  pinned: boolean;
  /** A call waits for a connection that was let go. */
  demanded: boolean;
  /** The server was reached once: worth waiting for. */
  reached: boolean;
  attemptAt: number;
  /** When the first attempt in the row began. */
  rowAt: number;
  nextRetryAt: number | undefined;
  lastError: Failure | undefined;
  /** The wire was lost and is being replaced. */
  recovering: boolean;
  /** Where `disconnecting` leads, and why. */
  leaving: "idle" | "asked" | "failed" | "gave-up";
  /** Something asked for the connection while it was being let go. */
  reopen: boolean;
}

type Patch = Partial<ConnectionContext>;

export const initialContext = (input: ConnectionInput): ConnectionContext => ({
  ...input,
  attempt: 0,
  refusals: 0,
  leases: 0,
  pinned: false,
  demanded: false,
  reached: false,
  attemptAt: 0,
  rowAt: 0,
  nextRetryAt: undefined,
  lastError: undefined,
  recovering: false,
  leaving: "idle",
  reopen: false,
});

export const needed = (c: ConnectionContext): boolean => c.leases > 0 || c.pinned || c.demanded;
export const lastLease = (c: ConnectionContext): boolean => c.leases === 1 && !c.pinned && !c.demanded;

/** Nobody but a caller that waits needs the connection. */
export const lastDemand = (c: ConnectionContext): boolean => c.demanded && c.leases === 0 && !c.pinned;

export const pin = (): Patch => ({ pinned: true });
export const demand = (): Patch => ({ demanded: true });
/** The last caller that waited gave up. */
export const undemand = (c: ConnectionContext): Patch => ({
  demanded: false,
  reopen: c.reopen && (c.leases > 0 || c.pinned),
});
export const acquire = (c: ConnectionContext): Patch => ({ leases: c.leases + 1 });
export const release = (c: ConnectionContext): Patch => ({ leases: Math.max(0, c.leases - 1) });
export const unpin = (): Patch => ({ pinned: false, demanded: false });

/** While disconnecting: comes back afterwards, unless it is for good. */
export const reopen = (c: ConnectionContext): Patch => ({ reopen: c.leaving === "idle" });
export const releaseLeaving = (c: ConnectionContext): Patch => ({
  ...release(c),
  reopen: c.reopen && (c.leases > 1 || c.pinned || c.demanded),
});

export const leave = (): Patch => ({
  leaving: "idle",
  reopen: false,
  recovering: false,
  refusals: 0,
  nextRetryAt: undefined,
});
export const letGo = (): Patch => ({ ...leave(), ...unpin() });
/** `disconnect` while disconnecting: what had asked to come back no longer does; a close stays a close. */
export const letGoAgain = (c: ConnectionContext): Patch => ({ ...letGo(), leaving: c.leaving });
/** A lost wire that nobody needs leads to idle, not into a retry loop. */
export const lostUnneeded = (failure: Failure): Patch => ({ ...leave(), lastError: failure });
export const closeForGood = (): Patch => ({ ...letGo(), leaving: "asked" });

export const beginAttempt = (c: ConnectionContext): Patch => {
  const now = c.now();
  return {
    epoch: c.epoch + 1,
    attempt: c.attempt + 1,
    attemptAt: now,
    rowAt: c.attempt === 0 ? now : c.rowAt,
    nextRetryAt: undefined,
  };
};
export const opened = (): Patch => ({
  reached: true,
  refusals: 0,
  demanded: false,
  recovering: false,
  lastError: undefined,
});
/** More sign-ins in a row than any server can mean: a token, and twice more scope. */
const MAX_REFUSALS = 3;

/** A refused attempt leads to a sign-in, and not when that helped nothing so often. */
export const authorizes = (c: ConnectionContext, failure: Failure): boolean =>
  failure.authorizable === true && c.refusals < MAX_REFUSALS;
export const unauthorized = (c: ConnectionContext, failure: Failure): Patch => ({
  refusals: c.refusals + 1,
  lastError: failure,
});

export const stable = (): Patch => ({ attempt: 0 });

export type Verdict = "retry" | "failed" | "gave-up";

/** What follows a failed attempt or a lost wire. */
export function judge(c: ConnectionContext, failure: Failure): Verdict {
  const hopeless = failure.fatal && !(failure.unlessReached && c.reached);
  if (hopeless || (!c.reached && !c.policy.initial)) return "failed";
  return mayRetry(c.attempt, c.attempt === 0 ? 0 : c.now() - c.rowAt, c.policy) ? "retry" : "gave-up";
}

export const failed = (c: ConnectionContext, failure: Failure): Patch => {
  const verdict = judge(c, failure);
  if (verdict !== "retry") return { ...letGo(), leaving: verdict, lastError: failure };
  // Nobody was let in, and nobody was refused either: an authorization server that is down wears out no sign-ins.
  return { recovering: c.reached, refusals: 0, lastError: failure, nextRetryAt: nextRetry(c, failure) };
};

function nextRetry(c: ConnectionContext, failure: Failure): number {
  const now = c.now();
  if (failure.retryAfterMs !== undefined) return now + failure.retryAfterMs;
  return Math.max(now, c.attemptAt + backoffDelay(c.attempt, c.random(), c.policy));
}
