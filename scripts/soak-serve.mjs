// 50 clients and 10 servers through `holdfast serve`, while servers are killed at random: npm run soak:serve -- --minutes 10 [--seed N] [--report FILE]
// Ends with a report, and with exit code 1 where a call had no answer or somebody else's, something is left, or memory grew.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { handles, median, processes, Tally } from "./soak/census.mjs";
import { CALL_MS, MarkedClient } from "./soak/marked-clients.mjs";
import { sampleTable } from "./soak/samples.mjs";
import { startServe } from "./soak/served.mjs";
import { remote } from "./soak/servers.mjs";
import { soakSettings } from "./soak/settings.mjs";

const { minutes, seed, chance, pick, reportFile } = soakSettings();

const SERVER = fileURLToPath(new URL("./soak/marking-server.mjs", import.meta.url));
/** How late a busy machine may be before a call counts as never answered. */
const LATE_MS = 30_000;
/** After so long a client that is gone without a word is gone for serve, too. */
const IDLE_S = 20;

const remotes = Object.fromEntries(
  await Promise.all(
    ["modern-http", "legacy-http", "sse", "websocket"].map(async (kind) => [
      kind,
      await remote([SERVER, kind], /listening/),
    ]),
  ),
);
const stdio = (name, kind) => ({ command: process.execPath, args: [SERVER, kind, name] });
const addressOf = (kind, path, scheme = "http") => ({
  url: `${scheme}://127.0.0.1:${remotes[kind].port}/${path}`,
});
const mcpServers = {
  ...Object.fromEntries([1, 2, 3].map((i) => [`legacy${i}`, stdio(`legacy${i}`, "legacy-stdio")])),
  ...Object.fromEntries([1, 2, 3].map((i) => [`modern${i}`, stdio(`modern${i}`, "modern-stdio")])),
  http: addressOf("modern-http", "mcp"),
  sessions: addressOf("legacy-http", "mcp"),
  sse: addressOf("sse", "sse"),
  websocket: addressOf("websocket", "mcp", "ws"),
};
const names = Object.keys(mcpServers);
const STDIO = 6;
const directory = mkdtempSync(join(tmpdir(), "holdfast-soak-"));
const config = join(directory, "mcp.json");
writeFileSync(config, JSON.stringify({ mcpServers }));
const served = await startServe(config, ["--idle", String(IDLE_S)]);
const before = handles(served.pid);

const breaches = new Tally();
const outcomes = new Tally();
const done = new Tally();
const pending = new Map();
let calls = 0;

/** Who calls: `at` is one server, else all. Those who can be asked have forks of the servers that ask without saying whom. */
const groups = [
  { count: 14, kind: "SDK 1" },
  { count: 14, kind: "SDK 2, modern" },
  { count: 5, kind: "SDK 2, legacy" },
  { count: 5, kind: "SDK 1", at: "legacy1" },
  { count: 4, kind: "SDK 2, modern", at: "modern1" },
  { count: 3, kind: "SDK 1", at: "legacy2", asks: true, forks: 1 },
  { count: 3, kind: "SDK 2, modern", at: "legacy3", asks: true, pooled: 1 },
  { count: 1, kind: "SDK 2, legacy", asks: true, forks: STDIO },
  // Only while that server, on a machine that is slow, was taken for a legacy one.
  { count: 1, kind: "SDK 2, modern", at: "modern2", asks: true, pooled: 1 },
];
const sum = (field) => groups.reduce((total, { count, [field]: each = 0 }) => total + count * each, 0);
const clients = groups.flatMap(({ count, at, ...group }, g) =>
  Array.from(
    { length: count },
    (_, i) =>
      new MarkedClient(
        `${g}-${i}`,
        { ...group, url: at ? `${served.url}/${at}` : served.url, servers: at ? undefined : names },
        (what) => {
          breaches.add(what);
          console.error(`BREACH: ${what}`);
        },
      ),
  ),
);

/** What a caller may hear: that its call was lost with the server, and what became of it. */
function outcomeOf(error, tool) {
  const { code, outcome } = error?.data?.holdfast ?? {};
  if (code === "CONNECTION_LOST" && tool !== "look") return `lost, ${outcome}`;
  return undefined;
}

async function call(client) {
  const id = calls++;
  const tool = client.asks && chance() < 0.5 ? "ask" : chance() < 0.5 ? "look" : "echo";
  const gaveUp = tool === "look" && chance() < 0.04 ? new AbortController() : undefined;
  pending.set(id, { since: Date.now(), what: `${tool} of ${client.name}` });
  if (gaveUp) setTimeout(() => gaveUp.abort(new Error("enough")), chance() * 100).unref();
  try {
    await client.call(tool, pick(names), gaveUp?.signal);
    outcomes.add("answered");
  } catch (error) {
    const known = gaveUp?.signal.aborted ? "given up" : outcomeOf(error, tool);
    outcomes.add(known ?? "wrong");
    if (!known)
      client.breach(
        `${tool} of ${client.name}: ${error.stack} ${error.cause ?? ""} ${JSON.stringify(error.data)}`,
      );
  } finally {
    pending.delete(id);
  }
}

const until = Date.now() + minutes * 60_000;
const running = () => Date.now() < until;

/** A client whose session cannot be opened hears why; no fault of its server is a reason to. */
async function open(client) {
  pending.set(client, { since: Date.now(), what: `the session of ${client.name}` });
  try {
    await client.open();
  } catch (error) {
    client.breach(`${client.name} has no session: ${error.stack} ${JSON.stringify(error.data)}`);
    throw error;
  } finally {
    pending.delete(client);
  }
}

async function use(client) {
  await open(client);
  while (running()) {
    await call(client);
    await pause(100 + chance() * 400);
    if (chance() > 0.01) continue;
    const politely = chance() < 0.7;
    await client.leave(politely);
    done.add(politely ? "sessions ended" : "clients gone");
    await open(client);
  }
}

/** The name of the server that a process is; undefined: it is none of them, or gone. */
function nameOf(pid) {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return args.includes(SERVER) ? args.at(-2) : undefined;
  } catch {
    return undefined;
  }
}
/** Without the shell that ends them when serve is killed. */
const serversOfServe = () => processes([], served.pid).filter(nameOf);
/** Which servers run, and how often each. */
function whoRuns() {
  const found = new Tally();
  for (const pid of serversOfServe()) found.add(nameOf(pid));
  return found;
}
const chaos = {
  "processes killed": () => process.kill(pick(serversOfServe()), "SIGKILL"),
  "servers restarted": () => void pick(Object.values(remotes)).restart(),
};

const status = async () => (await fetch(new URL("/status", served.url))).json();
/** On a machine that is slow the next fault waits until the last one is over. */
const areWell = async () => Object.values((await status()).servers).every(({ health }) => health === "ok");

async function trouble() {
  while (running()) {
    await pause(500 + chance() * 2_500);
    while (running() && !(await areWell())) await pause(250);
    const name = chance() < 0.8 ? "processes killed" : "servers restarted";
    try {
      chaos[name]();
      done.add(name);
    } catch {
      // It was gone already.
    }
  }
}

const samples = [];
const began = Date.now();
async function sample() {
  const heap = await served.heapMB();
  const late = [...pending.values()].filter(({ since }) => Date.now() - since > CALL_MS + LATE_MS);
  for (const { what } of late) breaches.add(`${what} has no answer`);
  const s = Math.round((Date.now() - began) / 1000);
  samples.push({ s, heap, ...handles(served.pid), calls, processes: serversOfServe().length });
  const { sockets, pipes, processes: children } = samples.at(-1);
  console.error(
    `${s} s: ${calls} calls (${outcomes}), heap ${heap.toFixed(1)} MB, ${sockets} sockets, ${pipes} pipes, ${children} processes`,
  );
}
async function observe() {
  while (running()) {
    await pause(Math.min(minutes * 1_000, Math.max(0, until - Date.now())));
    await sample();
  }
}

/** Polls, for what has no event, until it holds; false: it does not come to be. */
async function comesTrue(condition, seconds = 60) {
  for (let i = 0; i < seconds * 2; i++) {
    if (await condition()) return true;
    await pause(500);
  }
  return false;
}

// Ctrl-C leaves nothing either.
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    served.kill();
    for (const one of Object.values(remotes)) one.kill();
    process.exit(130);
  });

console.error(
  `soak of serve: ${clients.length} clients, ${names.length} servers, ${minutes} min, seed ${seed}`,
);
const ended = await Promise.allSettled([...clients.map(use), trouble(), observe()]);
for (const { reason } of ended)
  if (reason) breaches.add(`a client could not go on: ${reason.stack ?? reason}`);

// Everybody is there, nobody calls: what runs is what is needed.
const least = STDIO + sum("forks");
const most = least + sum("pooled");
const fits = () => serversOfServe().length >= least && serversOfServe().length <= most;
if (!(await comesTrue(fits)))
  breaches.add(`${serversOfServe().length} processes, where ${least} to ${most} are needed: ${whoRuns()}`);
const atRest = serversOfServe().length;
await Promise.all(clients.map((client) => client.leave(true).catch(() => {})));
const isEmpty = ({ sessions, streams, running: open }) => sessions === 0 && streams === 0 && open === 0;
if (!(await comesTrue(async () => isEmpty(await status())))) {
  const { sessions, streams, running: open } = await status();
  breaches.add(`left without a client: ${sessions} sessions, ${streams} streams, ${open} requests`);
}
// Sockets that are kept for a next request are closed after some seconds.
await comesTrue(() => handles(served.pid).sockets <= before.sockets + 3 * serversOfServe().length + 10, 20);
const empty = { heap: await served.heapMB(), ...handles(served.pid), processes: serversOfServe().length };
if (empty.processes > STDIO + sum("pooled"))
  breaches.add(`left without a client: ${empty.processes} processes: ${whoRuns()}`);
const orphans = processes([], served.pid);
const code = await served.stop();
if (code !== 0) breaches.add(`serve ended with ${code}: ${served.said.join("\n")}`);
const lives = (pid) => processes([], 1).includes(pid);
if (!(await comesTrue(() => !orphans.some(lives), 10)))
  breaches.add(`left: ${orphans.filter(lives).length} processes`);
for (const one of Object.values(remotes)) await one.stop();
rmSync(directory, { recursive: true });

const window = (from, to) =>
  median(
    samples.filter(({ s }) => s > from * minutes * 60 && s <= to * minutes * 60 + 1).map(({ heap }) => heap),
  );
const [early, late] = [window(0.1, 0.2), window(0.9, 1)];
// Below ten minutes it is still warming up.
if (late > early * 1.1 + (minutes < 10 ? 10 : 0))
  breaches.add(`memory grew from ${early.toFixed(1)} to ${late.toFixed(1)} MB`);

const report = `# The soak of serve

${clients.length} clients of both SDKs and both eras called ${names.length} servers through \`holdfast serve --http\` for ${minutes} minutes, while servers were
killed and clients left at random. Node ${process.version}, seed ${seed}. To repeat it: \`npm run soak:serve -- --minutes ${minutes} --seed ${seed}\`.

| | |
| --- | --- |
| calls | ${calls}: ${outcomes} |
| done to them | ${done} |
| processes with all clients at rest | ${atRest}, of which ${STDIO} servers, and forks for clients that can be asked (${sum("forks")}, and up to ${sum("pooled")} that are shared) |
| heap after a collection, median | ${early.toFixed(1)} MB between a tenth and a fifth of the time, ${late.toFixed(1)} MB in the last tenth, ${empty.heap.toFixed(1)} MB when all were gone |
| sockets and pipes of serve | ${before.sockets} and ${before.pipes} at the start, ${empty.sockets} and ${empty.pipes} when all were gone |

${sampleTable(samples)}

${breaches.size === 0 ? "Every call was answered, each by its own answer; nothing was left, and memory stayed within a tenth." : `**Failed**:\n${[...breaches].map(([what, times]) => `- ${what} (${times})`).join("\n")}`}
`;
console.log(report);
if (reportFile) writeFileSync(reportFile, report);
process.exit(breaches.size === 0 ? 0 : 1);
