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
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  directCalls.on = before;
});

async function over(direct: boolean, way: Way, script: Step[]): Promise<Trace> {
  directCalls.on = direct;
  return run(way, script);
}

/** Behind a gateway it is chance which of two answers in one turn is heard of first; what the server sees has its order there, too. */
function told({ composite }: Way, { lines }: Trace): string[] {
  if (!composite) return lines;
  return [...lines.filter((line) => line.startsWith("server")), ...[...lines].sort()];
}

it(
  `a request is the same over our path and over the SDK's Client (HOLDFAST_SEED=${seed})`,
  async () => {
    let programs = 0;
    let direct = 0;
    await fc.assert(
      fc.asyncProperty(ways, steps, async (way, script) => {
        const ours = await over(true, way, script);
        const clients = await over(false, way, script);
        expect(told(way, ours)).toEqual(told(way, clients));
        expect(ours.lines.filter((line) => line.startsWith("changed"))).toEqual([]);
        programs++;
        direct += ours.ids.filter((id) => Number(id) > OURS).length;
        expect(clients.ids.filter((id) => Number(id) > OURS)).toEqual([]);
      }),
      { numRuns: runsOf(800), seed },
    );
    expect(direct).toBeGreaterThan(0);
    console.info(
      `${direct} requests in ${programs} programs over both paths (HOLDFAST_SEED=${seed}): no difference`,
    );
  },
  TIMEOUT_MS,
);
