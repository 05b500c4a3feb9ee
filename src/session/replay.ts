import type { Outcome } from "../errors.js";
import type { Clock } from "../machines/clock.js";
import type { ReplayMode } from "../options.js";

const READS = new Set([
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "prompts/get",
  "completion/complete",
  "ping",
  "server/discover",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
]);

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
  return READS.has(method) || (method === "tools/call" && annotated);
}

const CAPACITY = 100;
const PER_SECOND = 10;

/** So many requests may be written again, so that a server that flaps is not hammered. Refills with time. */
export class RetryBudget {
  #tokens = CAPACITY;
  #at: number;

  constructor(private readonly clock: Clock) {
    this.#at = clock.now();
  }

  /** Takes one; false if there is none left. */
  take(): boolean {
    const now = this.clock.now();
    this.#tokens = Math.min(CAPACITY, this.#tokens + ((now - this.#at) / 1000) * PER_SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
