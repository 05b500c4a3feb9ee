// What connections cost while nobody uses them, with their heartbeats: `idle.mjs KIND COUNT`, with --expose-gc. Prints parts of one core.
import { setTimeout as sleep } from "node:timers/promises";
import { openMany } from "./targets.mjs";

/** Twice the time from one heartbeat to the next: 30 s without a sign, looked at every 5 s, and answered by then. */
const SECONDS = 70;

const [kind, count] = process.argv.slice(2);
const { open } = await openMany(kind);
for (let i = 0; i < Number(count); i++) await open();
// What the opening left behind is no part of what follows.
await sleep(2_000);
globalThis.gc();
const before = process.cpuUsage();
const from = performance.now();
await sleep(SECONDS * 1000);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000 / (performance.now() - from));
process.exit(0);
