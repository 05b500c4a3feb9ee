import fc from "fast-check";
import { describe, it } from "vitest";
import { lifecycleProperty } from "./lifecycle.js";

const numRuns = Number(process.env["HOLDFAST_RUNS"] ?? 500);

describe("the lifecycle invariants hold in every interleaving", () => {
  it("with timers that fire in order", async () => {
    await fc.assert(lifecycleProperty("ordered"), { numRuns });
  }, 3_600_000);

  it("with timers that fire in any order", async () => {
    await fc.assert(lifecycleProperty("adversarial"), { numRuns });
  }, 3_600_000);
});
