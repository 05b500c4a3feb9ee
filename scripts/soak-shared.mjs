// Hosts that share a daemon, while by chance hosts, servers, the daemon and all of them are killed: `npm run soak:shared`, also with
// `ROUNDS=20 HOSTS=4 SEED=7`. It fails where an unsafe call was done twice, where a process is left, where the socket cannot be used
// again, or where hosts are answered later than after three times the longest start of the same run (with `TIMES=shown` that is only
// shown: on a machine that others use, time says nothing).
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROUNDS = Number(process.env.ROUNDS ?? 200);
const HOSTS = Number(process.env.HOSTS ?? 10);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const root = fileURLToPath(new URL("../", import.meta.url));
const main = join(root, "dist/cli/main.js");
const directory = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-")));
const journal = join(directory, "journal");
const config = join(directory, "mcp.json");
const server = {
  command: process.execPath,
  args: [join(root, "test/fixtures/journal-server.mjs")],
  cwd: "/tmp",
  env: { JOURNAL: journal },
};
writeFileSync(config, JSON.stringify({ mcpServers: { a: server, b: server } }));
const env = {
  PATH: process.env.PATH,
  HOME: directory,
  XDG_STATE_HOME: join(directory, "state"),
  XDG_DATA_HOME: join(directory, "data"),
  XDG_RUNTIME_DIR: join(directory, "run"),
};

/** A generator that gives the same numbers for the same seed (mulberry32). */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * sides);
  };
}
const roll = dice(SEED);
const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
};
const lives = (pid) => read(pid, "stat") !== "" && !/\) Z /.test(read(pid, "stat"));
const processes = () =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && lives(pid) && read(pid, "environ").includes(directory));
const daemons = () => processes().filter((pid) => read(pid, "cmdline").split("\0").includes("daemon"));
const servers = () => processes().filter((pid) => read(pid, "cmdline").includes("journal-server"));
const until = async (check) => {
  for (const end = Date.now() + 120_000; !check(); ) {
    if (Date.now() > end) throw new Error(`not within two minutes: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

let calls = 0;
let lost = 0;
const answered = new Map();

class Host {
  #next = 0;
  #waiting = new Map();
  constructor() {
    this.child = spawn(process.execPath, [main, "serve", config, "--shared"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.child.stdin.on("error", () => {});
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const answer = JSON.parse(line);
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.closed = new Promise((resolve) => this.child.once("close", resolve));
  }
  request(method, params) {
    const id = this.#next++;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return Promise.race([answer, this.closed.then(() => undefined)]);
  }
  async begin() {
    await this.request("initialize", {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "host", version: "1" },
    });
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
    await this.request("tools/list", {});
    return this;
  }
  /** Reads until it is answered: what only reads is sent again by the shim itself. */
  async reads() {
    const answer = await this.request("tools/call", { name: roll(2) ? "a_pid" : "b_pid", arguments: {} });
    if (answer && !answer.result)
      throw new Error(`a call that only reads failed: ${JSON.stringify(answer.error)}`);
    return answer;
  }
  async writes() {
    const name = `call-${calls++}`;
    const answer = await this.request("tools/call", {
      name: roll(2) ? "a_write" : "b_write",
      arguments: { name },
    });
    if (answer?.error) {
      const outcome = answer.error.data?.holdfast?.outcome;
      if (outcome === undefined)
        throw new Error(`a lost call without an outcome: ${JSON.stringify(answer.error)}`);
      lost++;
    } else if (answer) answered.set(name, true);
  }
}

console.log(`seed ${SEED}, ${ROUNDS} rounds, ${HOSTS} hosts`);
const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};
const starts = [];
let hosts = [];
const begin = async () => {
  starts.push(await timed(async () => hosts.push(await new Host().begin())));
};
await begin();
while (hosts.length < HOSTS) hosts.push(await new Host().begin());
const slow = [];
for (let round = 0; round < ROUNDS; round++) {
  const what = ["host", "server", "daemon", "everything"][roll(4)];
  const writing = hosts.map((host) => host.writes());
  const kill = (pid) => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  };
  if (what === "host") kill(hosts[roll(hosts.length)].child.pid);
  if (what === "server") servers().slice(0, 1).forEach(kill);
  if (what === "daemon") daemons().forEach(kill);
  if (what === "everything") {
    processes().forEach(kill);
    await Promise.all(hosts.map(({ closed }) => closed));
    hosts = [];
    await begin();
  }
  const took = await timed(() => Promise.all(hosts.map((host) => host.reads())));
  await Promise.all(writing);
  hosts = hosts.filter(({ child }) => child.exitCode === null && child.signalCode === null);
  const spawnMs = Math.max(...starts);
  if (took > 3 * spawnMs) slow.push({ round, what, took: Math.round(took) });
  while (hosts.length < HOSTS) hosts.push(await new Host().begin());
  if (daemons().length > 1) await until(() => daemons().length === 1);
}
const did = readFileSync(journal, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("write "));
const twice = did.filter((line, i) => did.indexOf(line) !== i);
const missing = [...answered.keys()].filter((name) => !did.includes(`write ${name}`));
for (const host of hosts) host.child.stdin.end();
await Promise.all(hosts.map(({ closed }) => closed));
for (const pid of daemons()) process.kill(pid, "SIGTERM");
await until(() => processes().length === 0);
// The socket and the lock can be used again.
const again = await new Host().begin();
await again.reads();
again.child.stdin.end();
await again.closed;
for (const pid of daemons()) process.kill(pid, "SIGTERM");
await until(() => processes().length === 0);
const left = existsSync(join(directory, "run/holdfast")) ? readdirSync(join(directory, "run/holdfast")) : [];
rmSync(directory, { recursive: true, force: true });
console.log(
  `${calls} unsafe calls: ${answered.size} answered, ${lost} told as lost, ${twice.length} done twice, ${missing.length} answered and not done`,
);
console.log(
  `a start takes at most ${Math.round(Math.max(...starts))} ms; ${slow.length} of ${ROUNDS} rounds took more than three times that: ${JSON.stringify(slow)}`,
);
console.log(`0 processes are left; files in the run directory: ${left.join(", ") || "none"}`);
process.exitCode =
  twice.length + missing.length + (process.env.TIMES === "shown" ? 0 : slow.length) > 0 ? 1 : 0;
