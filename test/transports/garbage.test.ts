import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import "../support/nothing-left.js";

const program = fileURLToPath(new URL("../fixtures/garbage-program.mjs", import.meta.url));

/** The part of what is made in the second half of the calls that outlives the quick collections; at first it is the program itself. */
async function keptOf(kind: string, calls: number, options: object | undefined): Promise<number> {
  const flags = ["--trace-gc", "--trace-gc-nvp"];
  const args = [...flags, program, kind, String(calls), ...(options ? [JSON.stringify(options)] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  const collections = [...stdout.matchAll(/ gc=s .*? allocated=(\d+) promoted=(\d+) /g)];
  const late = collections.slice(collections.length / 2);
  const sum = (field: number) => late.reduce((all, found) => all + Number(found[field]), 0);
  expect(sum(1)).toBeGreaterThan(20_000_000);
  return sum(2) / sum(1);
}

// The V8 of Node 24 keeps what stood in the earlier tables of a Map as well, of any program: there is nothing to measure.
const isOn20 = process.version.startsWith("v20.");

it.runIf(isOn20).each([
  ["memory", 60_000],
  ["stdio", 40_000],
  ["http", 16_000],
  ["sse", 16_000],
  ["ws", 30_000],
])("nothing of a call over %s outlives a quick collection, with options or without", async (kind, calls) => {
  for (const options of [undefined, { timeout: 5_000 }])
    expect(await keptOf(kind, calls, options)).toBeLessThan(0.01);
});
