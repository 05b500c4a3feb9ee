import type { ReplayMode } from "./options.js";

/** The deadline of a call. */
export interface CallDeadline {
  /** How many milliseconds are left. */
  remaining(): number;
  /** True: the caller gave the timeout. False: it is the session's or the server's default. */
  readonly named: boolean;
  /** Whether a progress notification starts the timeout anew. */
  readonly resets: boolean;
}

/** What holds for one call of a session as a whole. A call may be several requests, such as the pages of a list. */
export interface CallContext {
  readonly session: object;
  readonly deadline: CallDeadline;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Fires when the session ends. Nothing of the call is sent after that. */
  readonly ended: AbortSignal;
  /** How the caller wants a lost request treated. Undefined: as the transport's options say. */
  readonly replay: ReplayMode | undefined;
}
