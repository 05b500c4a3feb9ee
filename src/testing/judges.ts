import type { WireRecord } from "./inject.js";
import type { RunRecord } from "./record.js";

/** A run had no occasion to break a promise. */
export const UNTESTED = Symbol("untested");

/** How late a machine that is busy may be. */
export const SLACK_MS = 1_000;

/** Open at the same time, but for a wire that hangs on close for longer than it may. */
export function overlaps(one: WireRecord, two: WireRecord, closeTimeoutMs: number): boolean {
  const [a, b] = [opening(one, closeTimeoutMs), opening(two, closeTimeoutMs)];
  return a.from < b.from
    ? b.from < a.to && Number.isFinite(b.from)
    : a.from < b.to && Number.isFinite(a.from);
}

/** From when to when a wire was open. */
const opening = ({ startedAt, endedAt, closingAt, script }: WireRecord, closeTimeoutMs: number) => ({
  from: startedAt ?? Number.POSITIVE_INFINITY,
  to: script.closeHangs
    ? (closingAt ?? Number.POSITIVE_INFINITY) + closeTimeoutMs - SLACK_MS
    : (endedAt ?? Number.POSITIVE_INFINITY),
});

/** The rule of the counter, told apart from the machine: attempts in a row without a connection that held. */
export function judgeBackoff({ events, settings }: RunRecord): string | undefined | typeof UNTESTED {
  const { baseMs, capMs, stableAfterMs } = settings.options.reconnect;
  let row = 0;
  let connectedAt = 0;
  let seen = false;
  for (const event of events) {
    if (event.type !== "transition") continue;
    const { from, to, at, attempt } = event;
    if (to === "closed") row = 0;
    if (to === "connected.steady" && from === "connecting.opening") connectedAt = at;
    if (from.startsWith("connected") && !to.startsWith("connected")) {
      const held = at - connectedAt;
      // On the edge either is right.
      if (held < stableAfterMs * 0.8 && attempt !== row)
        return `${row} attempts in a row did not hold, and the count says ${attempt} after a connection of ${held} ms`;
      if (held > stableAfterMs + SLACK_MS && attempt !== 0)
        return `the count is ${attempt} after a connection that held for ${held} ms`;
      row = attempt;
    }
    if (to === "connecting.opening") row++;
    if (to !== "connecting.waiting") continue;
    seen = true;
    const bound = attempt <= 1 ? 0 : Math.min(capMs, baseMs * 2 ** (attempt - 2));
    if (!(event.delayMs! >= 0 && event.delayMs! <= bound))
      return `attempt ${attempt} failed, and the next one waits ${event.delayMs} ms; the bound is ${bound} ms`;
  }
  return seen ? undefined : UNTESTED;
}
