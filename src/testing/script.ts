import fc from "fast-check";
import { FAULT_KINDS, type Fault, type FaultKind } from "./faults.js";
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

/** One fault of one wire, for properties of your own. */
export function faultArbitrary(kinds: readonly FaultKind[] = FAULT_KINDS): fc.Arbitrary<Fault> {
  return fc.record(
    {
      kind: fc.constantFrom(...kinds),
      direction: fc.constantFrom("out" as const, "in" as const),
      nth: fc.nat(3),
      method: fc.constantFrom("tools/call", "tools/list", "initialize"),
      ms: fc.integer({ min: 1, max: 60 }),
    },
    { requiredKeys: ["kind", "direction", "nth"] },
  );
}

/** What one attempt meets, for properties of your own. */
export function attemptArbitrary(kinds: readonly FaultKind[] = FAULT_KINDS): fc.Arbitrary<AttemptScript> {
  return fc.record(
    {
      opens: fc.constantFrom("refused" as const, "hangs" as const, "late" as const),
      closeHangs: fc.constant(true),
      faults: fc.array(faultArbitrary(kinds), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
}

/** A whole story, for properties of your own. */
export function scriptArbitrary(kinds: readonly FaultKind[] = FAULT_KINDS): fc.Arbitrary<LifecycleScript> {
  // By how often they come: calls most of all.
  const step = fc.constantFrom<Step>(
    ...(["read", "call", "unsafe", "read", "call", "unsafe", "session", "settle", "kill"] as const),
    ...STEPS,
  );
  return fc.record({
    // Most attempts meet nothing, or hardly a story would get anywhere.
    attempts: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, attemptArbitrary(kinds)), {
      maxLength: 4,
    }),
    steps: fc.array(step, { minLength: 1, maxLength: 12, size: "medium" }).map(
      (steps): Step[] => (steps[0] === "session" || steps[0] === "connect" ? steps : ["session", ...steps]),
      // So that the fixed stories can be made smaller, too.
      (steps) => steps as Step[],
    ),
    beside: fc.boolean(),
  });
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
