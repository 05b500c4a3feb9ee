import fc from "fast-check";
import { FAULT_KINDS, type Fault, type FaultKind } from "./faults.js";
import type { AttemptScript } from "./inject.js";
import { type LifecycleScript, STEPS, type Step } from "./script.js";

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
