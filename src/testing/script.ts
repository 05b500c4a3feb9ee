import type { AttemptScript } from "./inject.js";

/**
 * What the user of a connection does, one after another and without waiting: `session` opens one; `read` lists or pings;
 * `call` calls a safe tool; `unsafe` calls a tool that may not be repeated (the kit answers it, the server never sees
 * it); `end` closes the oldest session; `connect`, `disconnect`, `retry` and `close` are the transport's; `kill` ends
 * the wire as a crash would. `settle` waits until nothing is pending; `rest` until a connection counts as stable.
 */
export const STEPS = [
  "session",
  "read",
  "call",
  "unsafe",
  "end",
  "connect",
  "disconnect",
  "retry",
  "kill",
  "close",
  "settle",
  "rest",
] as const;
export type Step = (typeof STEPS)[number];

/** One story of a connection. */
export interface LifecycleScript {
  /** What each attempt meets, in order; those after them meet nothing. */
  attempts: AttemptScript[];
  steps: Step[];
  /** A second connection runs beside it, and must not notice. */
  beside: boolean;
}

/** A script on one line, as a report shows it. */
export function describeScript({ attempts, steps, beside }: LifecycleScript): string {
  const met = attempts.map((attempt, i) => {
    const { opens, closeHangs, faults = [] } = attempt;
    const parts = [
      opens && (opens === "refused" ? "is refused" : opens === "late" ? "opens late" : "hangs"),
      ...faults.map(
        ({ kind, direction, nth, method }) => `${kind} ${direction} ${method ?? "message"} ${nth}`,
      ),
      closeHangs && "never closes",
    ].filter(Boolean);
    return parts.length > 0 && `attempt ${i + 1}: ${parts.join(", ")}`;
  });
  return [...met.filter(Boolean), steps.join(" "), beside && "one beside it"].filter(Boolean).join("; ");
}
