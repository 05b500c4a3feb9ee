import fc from "fast-check";
import { describe, it } from "vitest";
import { runsOf } from "../support/runs.js";
import { lifecycleProperty } from "./lifecycle.js";

const runs = runsOf(5_000);
const CHUNK = 5_000;

/** Runs all of it, and says how far it is where that takes long. */
async function check(order: "ordered" | "adversarial"): Promise<void> {
  for (let done = 0; done < runs; done += CHUNK) {
    await fc.assert(lifecycleProperty(order), {
      numRuns: Math.min(CHUNK, runs - done),
      // In a long run the seed is enough; shrinking could take longer than the run.
      endOnFailure: runs > CHUNK,
    });
    if (runs > CHUNK) console.log(`${order}: ${Math.min(done + CHUNK, runs)} of ${runs} cases`);
  }
}

describe("the lifecycle invariants hold in every interleaving", () => {
  it("with timers that fire in order", () => check("ordered"), 7_200_000);
  it("with timers that fire in any order", () => check("adversarial"), 7_200_000);
});
