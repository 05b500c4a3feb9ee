import fc from "fast-check";
import { expect, it } from "vitest";
import { Validators } from "../../src/connection/validators.js";
import { expensive } from "../support/expensive-schemas.js";
import { runsOf } from "../support/runs.js";

/** Only in the soak is the machine quiet enough to say something about time, and even there with a margin. */
const MOST_CPU_MS = runsOf(1) > 1 ? 500 : Number.POSITIVE_INFINITY;

it("a schema that a server makes up is judged or left out with a warning, whatever it is", () => {
  fc.assert(
    fc.property(expensive(), ({ schema, data }) => {
      const warnings: string[] = [];
      const validators = new Validators((message) => warnings.push(message));
      const before = process.cpuUsage();
      const { valid } = validators.getValidator(schema)(data);
      const { user, system } = process.cpuUsage(before);
      expect(typeof valid).toBe("boolean");
      expect((user + system) / 1000).toBeLessThan(MOST_CPU_MS);
    }),
    // What fails here is far too large to be made small.
    { numRuns: runsOf(40), endOnFailure: true },
  );
});
