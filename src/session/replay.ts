import type { Outcome } from "../errors.js";
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

/** Whether a method only reads, or sets what it can set twice, so that doing it twice is doing it once. */
export const isRepeatable = (method: string): boolean => READS.has(method);

/** Whether a lost request is sent again by itself. */
export function maySendAgain(method: string, outcome: Outcome, replay: ReplayMode): boolean {
  if (replay === "never") return false;
  return outcome !== "unknown" || replay === "always" || isRepeatable(method);
}
