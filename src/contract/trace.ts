import type { Outcome } from "../base/errors.js";
import type { RequestEnd } from "./inspection.js";

/** A call as it begins. */
export interface TracedCall {
  method: string;
  /** The tool or prompt, or the resource without its query. */
  name: string | undefined;
  /** As the caller gave them; `_meta` may name the trace that the call belongs to. */
  params: unknown;
  /** A value without the secrets that the connection knows. */
  shown<T>(value: T): T;
}

/** How a call ended, and by which connection. */
export interface TracedEnd {
  end: RequestEnd;
  error?: unknown;
  result?: unknown;
  protocolVersion: string | undefined;
  sessionId: string | undefined;
}

/** Follows one call. */
export interface CallTrace {
  /** One of its requests is handed to a wire. What is returned goes into the request's `_meta`. */
  sends(request: { id: string | number; epoch: number }): Readonly<Record<string, string>>;
  /** A sending was lost, and the call is sent again. */
  resent(outcome: Outcome): void;
  ended(how: TracedEnd): void;
}

/** Follows the calls of a transport. Must not throw, and must not hold the transport. */
export interface Tracer {
  call(call: TracedCall): CallTrace;
}
