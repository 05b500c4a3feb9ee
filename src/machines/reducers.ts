import { type BackoffPolicy, backoffDelay, mayRetry } from "./backoff.js";
import type { ConnectionEffects } from "./effects.js";
import type { Failure } from "./failure.js";

/** The settings that decide what the machine does. All times in milliseconds. */
export interface ConnectionPolicy extends BackoffPolicy {
  /** Whether a server that was never reached is retried. */
  initial: boolean;
  /** The deadline of one attempt. */
  connectTimeoutMs: number;
  /** The deadline of closing everything. */
  closeTimeoutMs: number;
  /** The deadline of one probe. */
  probeTimeoutMs: number;
  /** How long a person may take to sign in. */
  authorizeTimeoutMs: number;
  /** After a connection has held for this long, its failed attempts are forgotten. */
  stableAfterMs: number;
  /** Ends a connection that nobody has needed for this long. `Infinity`: never. */
  idleTimeoutMs: number;
  /** Whether a healthy connection stays when nobody needs it. */
  keepAlive: boolean;
}

/** What a connection's actor is made with. */
export interface ConnectionInput {
  /** The last epoch before the first attempt of this actor. */
  epoch: number;
  policy: ConnectionPolicy;
  /** The time in epoch ms. */
  now: () => number;
  /** Returns a random number in [0, 1). */
  random: () => number;
  effects: ConnectionEffects;
}

/** What a connection's actor remembers. Times in epoch ms. */
export interface ConnectionContext extends ConnectionInput {
  /** Attempts in a row without a connection that proved stable. */
  attempt: number;
  /** Refused attempts in a row, each of which led to a sign-in. */
  refusals: number;
  /** How many sessions hold the connection. */
  leases: number;
  /** Whether `connect()` holds the connection, until `disconnect` or `close`. */
  pinned: boolean;
  /** Whether a call waits for the connection. */
  demanded: boolean;
  /** Whether the server was reached once, so that it is worth waiting for. */
  reached: boolean;
  /** When the latest attempt began. */
  attemptAt: number;
  /** When the first of the attempts in a row began. */
  rowAt: number;
  nextRetryAt: number | undefined;
  lastError: Failure | undefined;
  /** Whether a lost wire is being replaced. */
  recovering: boolean;
  /** Where `disconnecting` leads: to `idle`, or for one of three reasons to `closed`. */
  leaving: "idle" | "asked" | "failed" | "gave-up";
  /** Whether something asked for the connection while it was disconnecting. */
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

/** Whether only a waiting call needs the connection. */
export const lastDemand = (c: ConnectionContext): boolean => c.demanded && c.leases === 0 && !c.pinned;

export const pin = (): Patch => ({ pinned: true });
export const demand = (): Patch => ({ demanded: true });
/** The last waiting call gave up. */
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
/** `disconnect` while disconnecting cancels a planned return, but a close stays a close. */
export const letGoAgain = (c: ConnectionContext): Patch => ({ ...letGo(), leaving: c.leaving });
/** A lost wire that nobody needs leads to `idle`, not to a retry. */
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
/** How many sign-ins in a row may follow refusals. A server may want a token, and then more scope twice. */
const MAX_REFUSALS = 3;

/** Whether a refused attempt leads to a sign-in. After `MAX_REFUSALS` in a row it does not. */
export const authorizes = (c: ConnectionContext, failure: Failure): boolean =>
  failure.authorizable === true && c.refusals < MAX_REFUSALS;
export const unauthorized = (c: ConnectionContext, failure: Failure): Patch => ({
  refusals: c.refusals + 1,
  lastError: failure,
});

export const stable = (): Patch => ({ attempt: 0 });

export type Verdict = "retry" | "failed" | "gave-up";

/** Decides what follows a failed attempt or a lost wire. */
export function judge(c: ConnectionContext, failure: Failure): Verdict {
  const hopeless = failure.fatal && !(failure.unlessReached && c.reached);
  if (hopeless || (!c.reached && !c.policy.initial)) return "failed";
  return mayRetry(c.attempt, c.attempt === 0 ? 0 : c.now() - c.rowAt, c.policy) ? "retry" : "gave-up";
}

export const failed = (c: ConnectionContext, failure: Failure): Patch => {
  const verdict = judge(c, failure);
  if (verdict !== "retry") return { ...letGo(), leaving: verdict, lastError: failure };
  // The count of refusals begins anew: a failure is no refusal, so an authorization server that is down uses up no sign-ins.
  return { recovering: c.reached, refusals: 0, lastError: failure, nextRetryAt: nextRetry(c, failure) };
};

function nextRetry(c: ConnectionContext, failure: Failure): number {
  const now = c.now();
  if (failure.retryAfterMs !== undefined) return now + failure.retryAfterMs;
  return Math.max(now, c.attemptAt + backoffDelay(c.attempt, c.random(), c.policy));
}
