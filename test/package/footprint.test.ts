import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const exec = promisify(execFile);
const program = fileURLToPath(new URL("../../bench/footprint.mjs", import.meta.url));

/** Bytes, after all that can be collected was: the same in each run to a fraction of a percent. */
async function bytes(...args: string[]): Promise<number> {
  const { stdout } = await exec(process.execPath, ["--expose-gc", program, ...args]);
  return Number(stdout);
}

// Counted over a hundred connections after fifty others, so what grows with their number is seen.
it.each([
  ["unused", 25_000],
  ["memory", 60_000],
  ["stdio", 60_000],
  ["ws", 100_000],
  ["sse", 100_000],
  ["http", 120_000],
])("a connection holds little: %s, less than %d bytes", async (kind, most) => {
  expect(await bytes(kind, "100")).toBeLessThan(most);
});

it.each(["memory", "stdio", "ws", "sse", "http"])(
  "a call leaves nothing on a connection: %s",
  async (kind) => {
    // What is compiled meanwhile is shared by all calls.
    expect(await bytes(kind, "calls", "5000")).toBeLessThan(45);
  },
);
