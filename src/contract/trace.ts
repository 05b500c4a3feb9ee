import type { Outcome } from "../base/errors.js";
import type { RequestEnd } from "./inspection.js";

/** A call as it begins. */
export interface TracedCall {
  method: string;
  /** The tool or prompt, or the resource without its query. */
  name: string | undefined;
  /** As the caller gave them; `_meta` may name the trace that the call belongs to. */
  params: unknown;
}

/** Who knows the secrets of a connection. */
export interface Redacting {
  /** A value without them. */
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
  readonly traceId: string | undefined;
  /** One of its requests is handed to a wire. What is returned goes into the request's `_meta`. */
  sends(request: { id: string | number; epoch: number }): Record<string, string>;
  /** A sending was lost, and the call is sent again. */
  resent(outcome: Outcome): void;
  ended(how: TracedEnd): void;
}

/** How messages travel between a client and us, in the words of OpenTelemetry. */
export type ClientNetwork = "pipe" | "tcp";

/** A request of a client that a transport is served to, as it comes. */
export interface ServedRequest {
  id: string | number;
  method: string;
  /** The tool or prompt, or the resource without its query. */
  name: string | undefined;
  /** `_meta` may name the trace that the request belongs to. */
  params: unknown;
  network: ClientNetwork;
  protocolVersion: string | undefined;
  sessionId: string | undefined;
  /** A value without the secrets that the connection knows. */
  shown<T>(value: T): T;
}

/** What a client was answered; `gone`: nothing, because it did not wait. */
export interface ServedAnswer {
  result?: unknown;
  error?: { code: number; message: string };
  gone?: boolean;
}

/** Follows one request of a client. */
export interface ServedTrace {
  /** Stands in the request's `_meta` from now on, so that what is done for it belongs to its trace. */
  readonly carrier: Record<string, string>;
  ended(answer: ServedAnswer): void;
}

/** A client that is gone. */
export interface ServedSession {
  durationMs: number;
  network: ClientNetwork;
  protocolVersion: string | undefined;
}

/** Follows the clients that a transport is served to. */
export interface ServedTracer {
  request(request: ServedRequest): ServedTrace;
  ended(session: ServedSession): void;
}

/** Follows a transport. Must not throw, and must not hold the transport. */
export interface Tracer {
  call(call: TracedCall, by: Redacting): CallTrace;
  readonly served: ServedTracer;
}
