import type { ReplayMode } from "../contract/options.js";

export interface TagDeadline {
  remaining(): number;
  /** The caller named it; else it is the session's or the server's. */
  readonly named: boolean;
  /** Progress moves it. */
  readonly resets: boolean;
}

/** One call of a session. It may be several requests: pages, rounds of input. */
export interface CallTag {
  /** How many of its requests were handed to a wire that did not refuse them. */
  written: number;
  /** What a tool answered, before the SDK's Client checks it: it has run, whatever comes of that. */
  result?: object | undefined;
  session: object;
  /** Fires with the session's end: nothing of the call is sent any more. */
  ended: AbortSignal;
  /** What is left of its time. */
  deadline: TagDeadline;
  /** The caller's. */
  signal: AbortSignal | undefined;
  replay: ReplayMode | undefined;
}

/** The key under which a call rides in a request's `headers`, the one option that the SDK hands through every leg. */
export const CALL = Symbol("holdfast.call");
