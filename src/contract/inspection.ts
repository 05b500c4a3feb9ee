import type { Outcome } from "../base/errors.js";

/**
 * How a request of a session ended. `refused`: the server answered with an error. `failed`: an error of holdfast or the SDK, such
 * as a timeout. A lost request has its outcome.
 */
export type RequestEnd = "answered" | "refused" | "failed" | Outcome;

/**
 * One event for inspectors: plain data without secrets. It holds no arguments and no results of calls, and its messages are the
 * redacted ones of the status.
 */
export type InspectionEvent = {
  /** When it happened, epoch ms. */
  at: number;
  /** The id of the connection, unique in this program. */
  id: string;
} & (
  | {
      /** The connection is watched from now on. The fields say how it is at this moment. `since` and `nextRetryAt` are epoch ms. */
      type: "appeared";
      name: string;
      kind: string;
      /** The name of its composite, where it belongs to one. */
      parent?: string;
      state: string;
      since: number;
      epoch: number;
      attempt: number;
      nextRetryAt?: number;
      code?: string;
      reason?: string;
    }
  /** The connection is not watched any more. */
  | { type: "ended" }
  /** The connection went to another state. */
  | {
      type: "transition";
      /** State and detail, as in `connecting.waiting`. */
      from: string;
      to: string;
      /** The event that caused it, in the words of the chart. */
      cause: string;
      epoch: number;
      attempt: number;
      /** Milliseconds until the next attempt, in `connecting.waiting`. */
      delayMs?: number;
      /** The code of the error that led here, if any. */
      code?: string;
      /** The message of that error. */
      reason?: string;
    }
  /** An attempt succeeded. The fields describe the server and how it is reached. */
  | {
      type: "wire.opened";
      epoch: number;
      server?: string;
      version?: string;
      era?: string;
      protocol?: string;
      pid?: number;
      /** The first eight characters of the server's session id, enough to tell two apart. */
      session?: string;
    }
  /** The wire ended without being asked to. */
  | { type: "wire.lost"; epoch: number; code?: string; reason?: string }
  /** Whether the server can speak first: `open`, `lost` or `none`. */
  | { type: "listening"; listening: string }
  /** A sign-in went a step further. The address of its page is left out, because recordings are passed on. */
  | { type: "authorizing"; step: string }
  /** A call began. `name` is its tool or prompt, or its resource without query. */
  | { type: "request.started"; request: number; method: string; name?: string }
  /** The call with the number `request` ended. */
  | {
      type: "request.settled";
      request: number;
      method: string;
      name?: string;
      durationMs: number;
      end: RequestEnd;
      code?: string;
    }
  /** A request was lost, and is sent again. */
  | { type: "request.resent"; method: string; name?: string; outcome: Outcome }
  /** A server that was reached again differs from what it was. `what` describes the difference. */
  | { type: "changed"; what: string }
  /** The server's process wrote a line to stderr. Known secrets are taken out. */
  | { type: "stderr"; line: string }
  /** A button of the inspector's page stopped the server's process. */
  | { type: "paused" }
  /** A button of the inspector's page let the process go on. */
  | { type: "resumed" }
  /** Something is odd, but works. */
  | { type: "warning"; message: string }
);

/** An inspection event before the connection adds its time and its id. */
export type Observed = InspectionEvent extends infer E
  ? E extends InspectionEvent
    ? Omit<E, "at" | "id">
    : never
  : never;

/** A function that gets each inspection event. */
export type Inspect = (event: InspectionEvent) => void;
