// The memory that a connection holds, in bytes: `footprint.mjs unused|memory|stdio|http|sse|ws COUNT [holdfast|v2]`; and what a call
// leaves on a connection that goes on: `… KIND calls COUNT`. In a process of its own, with --expose-gc. Prints a number.
import { holdfast } from "./clients.mjs";
import { CALL, openMany } from "./targets.mjs";

/** What is in use once nothing more is collected. What ends with a turn of the event loop is let go between. */
async function inUse() {
  let least = Number.POSITIVE_INFINITY;
  for (let same = 0; same < 4; same++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external < least - 1024) same = 0;
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

/** Bytes for each of `count` connections that were used once, after half as many: what the first ones load is no connection's. */
async function perConnection(open, count) {
  const held = [];
  const more = async (number) => {
    for (let i = 0; i < number; i++) held.push(await open());
    return inUse();
  };
  const before = await more(count / 2);
  return ((await more(count)) - before) / count;
}

/** Bytes that stay for each of `count` calls. */
async function perCall({ client }, count) {
  const run = async (left) => {
    const caller = async () => {
      while (left-- > 0) await client.callTool(CALL);
    };
    await Promise.all(Array.from({ length: 8 }, caller));
  };
  await run(count);
  const before = await inUse();
  await run(count);
  return ((await inUse()) - before) / count;
}

const [kind, ...rest] = process.argv.slice(2);
const calls = rest[0] === "calls";
const [count, side = "holdfast"] = calls ? rest.slice(1) : rest;
const unused = async () => new holdfast.StreamableHttpTransport({ url: "http://127.0.0.1:9/mcp" });
const open = kind === "unused" ? unused : (await openMany(kind, side)).open;
const bytes = calls ? await perCall(await open(), Number(count)) : await perConnection(open, Number(count));
console.log(Math.round(bytes));
// What is still open ends with the program.
process.exit(0);
