import type { CallContext } from "../contract/call-context.js";

/** One call of a session. It may be several requests: pages, rounds of input. */
export interface CallTag extends CallContext {
  /** How many of its requests were handed to a wire that did not refuse them. */
  written: number;
  /** What a tool answered, before the SDK's Client checks it: it has run, whatever comes of that. */
  result?: object | undefined;
  session: object;
  /** It may be done twice, by what was known of it when it was made. */
  repeatable: boolean;
}

/** The key under which a call rides in a request's `headers`, the one option that the SDK hands through every leg. */
export const CALL = Symbol("holdfast.call");
