// Many HTTP connections in one program: `many.mjs SIDE COUNT`; or one that is made anew so often: `many.mjs SIDE reconnects COUNT`.
// Prints JSON: CPU of one in milliseconds, of a call beside them and of any `await` of the program in microseconds.
import { CALL, openMany } from "./targets.mjs";

const plain = async (value) => value;
const cpuMs = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** The least of many rounds: others use the machine, too. */
async function awaitUs() {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < 30_000; i++) await plain(i);
    least = Math.min(least, (cpuMs(before) * 1000) / 30_000);
  }
  return least;
}

/** 32 at a time, over all connections in turn. */
async function callUs(all) {
  let next = 0;
  const run = async (ms) => {
    const until = performance.now() + ms;
    let done = 0;
    const caller = async () => {
      for (; performance.now() < until; done++) await all[next++ % all.length].client.callTool(CALL);
    };
    const before = process.cpuUsage();
    await Promise.all(Array.from({ length: 32 }, caller));
    return (cpuMs(before) * 1000) / done;
  };
  await run(1000);
  return run(1000);
}

process.removeAllListeners("warning");
process.on("warning", () => {});
const [side, what, times] = process.argv.slice(2);
const { open } = await openMany("http", side);
const first = await open();
const all = [first];
const count = Number(what === "reconnects" ? times : what);
const before = process.cpuUsage();
if (what !== "reconnects") while (all.length < count) all.push(await open());
else
  for (let i = 0; i < count; i++) {
    if (first.transport) {
      await first.transport.disconnect();
      await first.client.callTool(CALL);
    } else {
      await all[0].close();
      all[0] = await open();
    }
  }
const each = cpuMs(before) / count;
console.log(JSON.stringify({ each, await: await awaitUs(), call: await callUs(all) }));
process.exit(0);
