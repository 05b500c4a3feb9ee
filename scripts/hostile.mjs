// One honest server among six hostile ones: npm run hostile -- --minutes 10. A minute if you do not say.
// Compares the honest one's calls with those of the same program without the others, in turns, and ends with exit code 1 where a call
// never settled, memory grew over its bound, or something is left.
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MCPConfigTransport } from "../dist/index.js";
import { handles, processes } from "./soak/census.mjs";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got ${values.minutes}`);
/** A turn alone and a turn in company take this long together. */
const TURN_MS = Math.min(60_000, minutes * 30_000);
const MAX_MEMORY_MB = 300;
const CALL_MS = 5_000;
/** How late a busy machine may be before a call counts as never settled. */
const LATE_MS = 10_000;
const HOSTILE = (process.env["HOSTILE"] ?? "pings,questions,storms,schemas,endless,escapes").split(",");

const server = (kind) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL("hostile/server.mjs", import.meta.url)), kind],
  era: "legacy",
});
const before = { ...handles(), processes: processes([]).length };
const warnings = new Map();
let memory = 0;
let unsettled = 0;
const watch = setInterval(() => {
  memory = Math.max(memory, process.memoryUsage().rss / 2 ** 20);
}, 100);

/** Calls until the time is over; how long each took that was answered. */
async function calling(session, name, until) {
  const took = [];
  let failed = 0;
  for (let n = 0; performance.now() < until; n++) {
    const began = performance.now();
    const call = session.callTool({ name, arguments: { n } }, { timeout: CALL_MS });
    const how = await Promise.race([
      call.then(
        () => "answered",
        () => "failed",
      ),
      pause(CALL_MS + LATE_MS, "unsettled", { ref: false }),
    ]);
    if (how === "answered") took.push(performance.now() - began);
    else if (how === "failed") failed++;
    else unsettled++;
    await pause(5);
  }
  return { took, failed };
}

/** One turn with these servers: how long each call of the honest one took. */
async function turn(hostile, ms) {
  const kinds = ["honest", ...hostile];
  const transport = new MCPConfigTransport({
    config: { mcpServers: Object.fromEntries(kinds.map((kind) => [kind, server(kind)])) },
    closeTimeoutMs: 3_000,
    maxMessageBytes: 8 * 1024 * 1024,
    reconnect: { baseMs: 50, capMs: 1_000 },
    logger: {
      warn: (message) => {
        const what = message.replace(/ \([\d,]+ times by now\)$/, "").slice(0, 110);
        warnings.set(what, (warnings.get(what) ?? 0) + 1);
      },
    },
  });
  const session = await transport.connectSession({
    sampling: () => new Promise(() => {}),
    onNotification: () => {},
  });
  await session.listTools();
  const until = performance.now() + ms;
  const [honest] = await Promise.all(
    kinds.map((kind) => calling(session, kinds.length > 1 ? `${kind}_echo` : "echo", until)),
  );
  await transport.close();
  return honest;
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const alone = [];
const company = [];
let failed = 0;
const end = performance.now() + minutes * 60_000;
do {
  for (const [hostile, all] of [
    [[], alone],
    [HOSTILE, company],
  ]) {
    const honest = await turn(hostile, TURN_MS / 2);
    all.push(...honest.took);
    failed += honest.failed;
  }
} while (performance.now() + TURN_MS <= end);
clearInterval(watch);
await pause(500);

for (const all of [alone, company]) all.sort((a, b) => a - b);
const after = { ...handles(), processes: processes([]).length };
const left = Object.keys(before).filter((what) => after[what] > before[what]);
const [quiet, loud] = [alone, company].map((all) => quantile(all, 0.99));
console.log(
  `the honest server, alone: ${alone.length} calls, p50 ${quantile(alone, 0.5)?.toFixed(1)} ms, p99 ${quiet?.toFixed(1)} ms`,
);
console.log(
  `in hostile company: ${company.length} calls, p50 ${quantile(company, 0.5)?.toFixed(1)} ms, p99 ${loud?.toFixed(1)} ms, ${(loud / quiet).toFixed(1)} times; ${failed} failed`,
);
console.log(
  `memory at most ${memory.toFixed(0)} MB of ${MAX_MEMORY_MB}; unsettled: ${unsettled}; left: ${left.join(", ") || "nothing"}`,
);
for (const [message, count] of [...warnings].sort((a, b) => b[1] - a[1]).slice(0, 12))
  console.log(`  ${count} x ${message}`);
process.exitCode = memory > MAX_MEMORY_MB || unsettled > 0 || failed > 0 || left.length > 0 ? 1 : 0;
