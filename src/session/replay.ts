import type { Outcome } from "../base/errors.js";
import { factsOf } from "../contract/methods.js";
import type { ReplayMode } from "../contract/options.js";

/** What is known of a lost request. */
export interface LostRequest {
  method: string;
  outcome: Outcome;
  /** What the caller said, else the transport. */
  replay: ReplayMode;
  /** The tool's annotations, as they were listed before the call, say that it only reads or may be repeated. */
  annotated: boolean;
}

/** Whether a lost request is sent again by itself: only where that cannot do a thing twice, or the caller wants it. */
export function maySendAgain({ method, outcome, replay, annotated }: LostRequest): boolean {
  if (replay === "never") return false;
  if (outcome !== "unknown" || replay === "always") return true;
  return factsOf(method).repeatable === true || (method === "tools/call" && annotated);
}
