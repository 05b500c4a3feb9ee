// What connections cost while nobody uses them, with their heartbeats: `idle.mjs KIND COUNT SECONDS`. Prints parts of one core.
import { setTimeout as sleep } from "node:timers/promises";
import { openMany } from "./targets.mjs";

const [kind, count, seconds] = process.argv.slice(2);
const { open } = await openMany(kind);
for (let i = 0; i < Number(count); i++) await open();
// The heartbeats of all begin within one interval of 30 s: a whole number of them is looked at.
await sleep(2_000);
const before = process.cpuUsage();
const from = performance.now();
await sleep(Number(seconds) * 1000);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000 / (performance.now() - from));
process.exit(0);
