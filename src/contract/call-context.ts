import type { ReplayMode } from "./options.js";

/** What is left of a call's time. */
export interface CallDeadline {
  /** Milliseconds. */
  remaining(): number;
  /** The caller named it; else it is the session's or the server's. */
  readonly named: boolean;
  /** Progress moves it. */
  readonly resets: boolean;
}

/** What a session says of one of its calls to whoever carries it on: it holds for all requests of the call, and between them. */
export interface CallContext {
  readonly session: object;
  readonly deadline: CallDeadline;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Fires with the session's end: nothing of the call is sent any more. */
  readonly ended: AbortSignal;
  readonly replay: ReplayMode | undefined;
}
