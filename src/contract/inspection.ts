import type { Outcome } from "../base/errors.js";

/** How a request of a session ended. `failed`: our error or the SDK's, a timeout for example. */
export type RequestEnd = "answered" | "refused" | "failed" | Outcome;

/**
 * What an inspector hears: small, plain, and without secrets. No arguments and no results are in it, and messages are
 * those of the status.
 */
export type InspectionEvent = {
  /** Epoch ms. */
  at: number;
  /** The connection, unique in this program. */
  id: string;
} /** It is watched from here on; how it was at that moment. */ & (
  | {
      type: "appeared";
      name: string;
      kind: string;
      parent?: string;
      state: string;
      since: number;
      epoch: number;
      attempt: number;
      nextRetryAt?: number;
      code?: string;
      reason?: string;
    }
  /** Nobody watches it any more. */
  | { type: "ended" }
  | {
      type: "transition";
      /** State and detail, as in `connecting.waiting`. */
      from: string;
      to: string;
      cause: string;
      epoch: number;
      attempt: number;
      /** Until the next attempt. */
      delayMs?: number;
      code?: string;
      reason?: string;
    }
  | {
      type: "wire.opened";
      epoch: number;
      server?: string;
      version?: string;
      era?: string;
      protocol?: string;
      pid?: number;
      /** The first characters of the server's session id: enough to tell two apart. */
      session?: string;
    }
  | { type: "wire.lost"; epoch: number; code?: string; reason?: string }
  | { type: "listening"; listening: string }
  /** Where a sign-in is. The address where a person signs in is in the status, and not here: recordings are shown around. */
  | { type: "authorizing"; step: string }
  | { type: "request.started"; request: number; method: string; name?: string }
  | {
      type: "request.settled";
      request: number;
      method: string;
      name?: string;
      durationMs: number;
      end: RequestEnd;
      code?: string;
    }
  | { type: "request.resent"; method: string; name?: string; outcome: Outcome }
  | { type: "changed"; what: string }
  | { type: "stderr"; line: string }
  /** Somebody made its process stand still, or let it go on. */
  | { type: "paused" }
  | { type: "resumed" }
  | { type: "warning"; message: string }
);

/** One of the kinds of event, as its source makes it. */
export type Observed = InspectionEvent extends infer E
  ? E extends InspectionEvent
    ? Omit<E, "at" | "id">
    : never
  : never;

export type Inspect = (event: InspectionEvent) => void;
