import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { directCalls } from "../../src/contract/direct-calls.js";
import { runsOf } from "../support/runs.js";
import { run, type Step, steps, type Trace, type Way, ways } from "./direct-calls.js";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const OURS = 1_000_000_000;
/** Says that a run hangs, and nothing else. */
const TIMEOUT_MS = 3_600_000;

const before = directCalls.on;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  directCalls.on = before;
});

async function over(direct: boolean, way: Way, script: Step[]): Promise<Trace> {
  directCalls.on = direct;
  return run(way, script);
}

it(
  `a request is the same over our path and over the SDK's Client (HOLDFAST_SEED=${seed})`,
  async () => {
    let direct = 0;
    await fc.assert(
      fc.asyncProperty(ways, steps, async (way, script) => {
        const ours = await over(true, way, script);
        const clients = await over(false, way, script);
        expect(ours.lines).toEqual(clients.lines);
        direct += ours.ids.filter((id) => Number(id) > OURS).length;
        expect(clients.ids.filter((id) => Number(id) > OURS)).toEqual([]);
      }),
      { numRuns: runsOf(2_000), seed },
    );
    expect(direct).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
