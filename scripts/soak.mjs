// A fleet on real servers under random faults, for as long as you say: npm run soak -- --minutes 30 [--seed N] [--report FILE]
// Ends with a report, and with exit code 1 where a call never settled, something is left, or memory grew.
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { MCPConfigTransport } from "../dist/index.js";
import { inject, random } from "../dist/testing/index.js";
import { handles, heapMB, median, processes, Tally } from "./soak/census.mjs";
import { sampleTable } from "./soak/samples.mjs";
import { startServers } from "./soak/servers.mjs";
import { soakSettings } from "./soak/settings.mjs";

const { minutes, seed, chance, pick, reportFile } = soakSettings();

const CALL_MS = 8_000;
/** How late a busy machine may be before a call counts as never settled. */
const LATE_MS = 5_000;
const WORKERS = 24;

const servers = await startServers();
const own = () => Object.values(servers.remotes).map((remote) => remote.pid());
const before = { ...handles(), processes: processes(own()).length };
const transport = new MCPConfigTransport({
  config: { mcpServers: servers.mcpServers },
  connectTimeoutMs: 15_000,
  closeTimeoutMs: 3_000,
  heartbeat: { intervalMs: 1_000 },
  reconnect: { baseMs: 50, capMs: 1_000 },
});
const names = Object.keys(transport.servers);
const faults = new Tally();
const plan = random({ seed, probability: 0.01, maxMs: 500 });
const injections = names.map((name) =>
  inject(transport.server(name), {
    plan: (passing) => {
      const fault = plan(passing);
      if (fault) faults.add(fault.kind);
      return fault;
    },
  }),
);
/** What is known of wires and messages is for tests that end; it would grow for as long as this runs. */
function forget() {
  for (const { wires } of injections) {
    wires.splice(0, wires.length - 1);
    for (const wire of wires) wire.sent.length = wire.sentLate.length = 0;
  }
}

let recoveries = 0;
transport.subscribe((_status, event) => {
  if (event.type !== "server" || event.event.type !== "transition") return;
  if (event.event.to === "connected.steady" && event.event.from === "connecting.opening") recoveries++;
});

// What is not a fault in a message: killed processes, restarted servers, asked disconnects.
const chaos = {
  "process killed": () => {
    const { pid } = transport.server(pick(names)).status;
    if (pid === undefined) return false;
    process.kill(-pid, "SIGKILL");
  },
  "server restarted": () => void pick(Object.values(servers.remotes)).restart(),
  disconnected: () => void transport.server(pick(names)).disconnect(),
};
const done = new Tally();

const pending = new Map();
const outcomes = new Tally();
let calls = 0;
let unsettled = 0;

async function call(session) {
  const id = calls++;
  const name = pick(names);
  pending.set(id, Date.now());
  try {
    if (chance() < 0.3) await session.listTools(undefined, { timeout: CALL_MS });
    else if (chance() < 0.1) await session.ping({ timeout: CALL_MS });
    else {
      const replay = chance() < 0.5 ? "always" : "safe";
      await session.callTool(
        { name: `${name}_echo`, arguments: { message: String(id) } },
        { timeout: CALL_MS, replay },
      );
    }
    outcomes.add("answered");
  } catch (error) {
    outcomes.add(error.outcome ? `${error.code} ${error.outcome}` : (error.code ?? error.name));
  } finally {
    pending.delete(id);
  }
}

const until = Date.now() + minutes * 60_000;
const running = () => Date.now() < until;

async function worker() {
  while (running()) {
    try {
      await transport.withSession(async (session) => {
        for (let i = 0; i < 50 && running(); i++) {
          await call(session);
          await pause(20 + chance() * 60);
        }
      });
    } catch (error) {
      outcomes.add(`session: ${error.code ?? error.name}`);
      await pause(100);
    }
  }
}

async function trouble() {
  while (running()) {
    await pause(500 + chance() * 2_500);
    const name = pick(Object.keys(chaos));
    try {
      if (chaos[name]() !== false) done.add(name);
    } catch {
      // It was gone already.
    }
  }
}

const samples = [];
async function observe() {
  const began = Date.now();
  while (running()) {
    await pause(Math.min(10_000, until - Date.now()));
    const late = [...pending.values()].filter((since) => Date.now() - since > CALL_MS + LATE_MS);
    unsettled = Math.max(unsettled, late.length);
    forget();
    const sample = { s: Math.round((Date.now() - began) / 1000), heap: heapMB(), ...handles(), calls };
    sample.processes = processes(own()).length;
    samples.push(sample);
    console.error(
      `${sample.s} s: ${calls} calls, ${recoveries} connections made, ${pending.size} pending, heap ${sample.heap.toFixed(1)} MB, ` +
        `${sample.sockets} sockets, ${sample.pipes} pipes, ${sample.processes} processes`,
    );
  }
}

// Ctrl-C leaves nothing either.
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await transport.close();
    for (const remote of Object.values(servers.remotes)) await remote.stop();
    process.exit(130);
  });

console.error(`soak: ${names.join(", ")} for ${minutes} min, seed ${seed}`);
await Promise.all([...Array.from({ length: WORKERS }, worker), trouble(), observe()]);
await transport.close();
unsettled += pending.size;
for (const remote of Object.values(servers.remotes)) await remote.stop();
await pause(3_000);
const left = { ...handles(), processes: processes().length };

// Flat: what is alive in the last quarter is what was alive in the second, once everything is warm.
const quarter = Math.floor(samples.length / 4);
const early = median(samples.slice(quarter, quarter * 2).map(({ heap }) => heap));
const late = median(samples.slice(-Math.max(1, quarter)).map(({ heap }) => heap));
const failures = [
  unsettled > 0 && `${unsettled} calls never settled`,
  left.processes > before.processes && `${left.processes - before.processes} processes left`,
  left.sockets > before.sockets - 0 && `${left.sockets - before.sockets} sockets left`,
  left.pipes > before.pipes && `${left.pipes - before.pipes} pipes left`,
  // Below half an hour the first quarters are still warming up.
  late > early * 1.15 + (minutes < 10 ? 10 : 2) &&
    `memory grew from ${early.toFixed(1)} to ${late.toFixed(1)} MB`,
].filter(Boolean);

const report = `# The soak

${WORKERS} workers called ${names.length} servers (${names.join(", ")}) through one config for ${minutes} minutes, while messages were damaged,
processes killed and servers restarted at random. Node ${process.version}, seed ${seed}. To repeat it:
\`npm run soak -- --minutes ${minutes} --seed ${seed}\`.

| | |
| --- | --- |
| calls | ${calls}: ${outcomes} |
| faults in messages | ${faults} |
| other faults | ${done} |
| connections opened | ${recoveries} |
| calls that never settled | ${unsettled} |
| left over at the end | ${Math.max(0, left.processes - before.processes)} processes, ${Math.max(0, left.sockets - before.sockets)} sockets, ${Math.max(0, left.pipes - before.pipes)} pipes |
| heap in use, median | ${early.toFixed(1)} MB in the second quarter of the time, ${late.toFixed(1)} MB in the last |

${sampleTable(samples)}

${failures.length === 0 ? "Every call settled, nothing was left over, and memory stayed within the limit of the check." : `**Failed**: ${failures.join("; ")}.`}
`;
console.log(report);
if (reportFile) writeFileSync(reportFile, report);
process.exitCode = failures.length === 0 ? 0 : 1;
