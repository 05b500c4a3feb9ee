// What clients see of gateways whose server dies: holdfast serve beside four others, each as its documentation starts it, in one run.
// npm run bench:serve [-- --write] [--only NAME] [--seconds 20]   (--write: the table goes to docs/serving.md)
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { rivals } from "./gateways/rivals.mjs";
import { argument, option } from "./options.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SERVER = here("./gateways/server.mjs");
/** How long one thing may take before the cell says so. */
const LIMIT_MS = option("--seconds", 20) * 1000;
const scratch = mkdtempSync(join(tmpdir(), "holdfast-bench-serve-"));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, check, ms = LIMIT_MS) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(50)) {
    const found = await check();
    if (found) return found;
  }
  throw new Error(`${what}: not within ${ms / 1000} s`);
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

const lines = (log, name) =>
  (existsSync(log) ? readFileSync(log, "utf8") : "")
    .split("\n")
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => Number(line.slice(name.length + 1)));
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A gateway in front of a server of its own, with what a cell needs of both. */
class World {
  static #count = 0;
  log = join(scratch, `${World.#count++}.log`);
  #children = [];
  #clients = [];

  constructor(rival) {
    this.rival = rival;
  }

  get servers() {
    return lines(this.log, "start").filter(isAlive);
  }

  async start() {
    this.port ??= await freePort();
    this.gateway = this.#spawn(this.rival.stdio(this.port, [process.execPath, SERVER, this.log]));
    await this.#untilListening(this.gateway, this.port);
  }

  async startRemote() {
    const upstream = await freePort();
    const server = this.#spawn([process.execPath, SERVER, this.log, String(upstream)]);
    await this.#untilListening(server, upstream);
    const url = `http://127.0.0.1:${upstream}/mcp`;
    this.port = await freePort();
    this.remote = this.rival.remote(this.port, url);
    if (this.rival.onStdio) return;
    this.gateway = this.#spawn(this.remote);
    await this.#untilListening(this.gateway, this.port);
  }

  #spawn([command, ...args]) {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "ignore"], detached: true });
    child.on("error", () => {});
    this.#children.push(child);
    return child;
  }

  #untilListening(child, port) {
    return until("does not start", async () => {
      if (child.exitCode !== null || child.pid === undefined)
        throw new Error(`does not start (exit code ${child.exitCode})`);
      return fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
    });
  }

  async client() {
    const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "legacy" } });
    client.onerror = () => {};
    this.#clients.push(client);
    const [command, ...args] = this.remote ?? [];
    const transport =
      this.rival.onStdio && this.remote
        ? new StdioClientTransport({ command, args, stderr: "ignore" })
        : new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${this.port}${this.rival.path}`));
    await client.connect(transport, { timeout: LIMIT_MS });
    const { tools } = await client.listTools(undefined, { timeout: LIMIT_MS });
    this.names = Object.fromEntries(
      ["ping", "read", "write"].map((name) => [name, tools.find((tool) => tool.name.endsWith(name))?.name]),
    );
    return client;
  }

  /** What the client sees of one call, in a few words. */
  async call(client, name) {
    const begun = Date.now();
    try {
      const result = await client.callTool({ name: this.names[name], arguments: {} }, { timeout: LIMIT_MS });
      const text = result.content?.map((content) => content.text).join(" ") ?? "";
      if (result.isError) return { words: `isError${text ? `: ${shorten(text)}` : ", no text"}` };
      if (text.includes("pong")) return { ok: true, ms: Date.now() - begun, words: "ok" };
      return { words: `an empty result` };
    } catch (error) {
      if (error.code === "REQUEST_TIMEOUT") return { words: `no answer in ${LIMIT_MS / 1000} s` };
      const held = error.data?.holdfast;
      return { words: held ? `${held.code}, outcome ${held.outcome}` : `error: ${shorten(error.message)}` };
    }
  }

  kill(pid) {
    process.kill(pid, "SIGKILL");
    return until("the server was killed, and lives", () => !isAlive(pid));
  }

  async end() {
    await Promise.all(
      this.#clients.map((client) => Promise.race([client.close().catch(() => {}), pause(1000)])),
    );
    for (const { pid } of this.#children) endGroup(pid);
    for (const pid of this.servers) endGroup(pid);
  }
}

function endGroup(pid) {
  for (const target of [-pid, pid])
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // It is gone.
    }
}

const shorten = (text) => {
  // An answer with a status of its own is quoted whole in the message of the client.
  const [, said = text] = /"message":"([^"]+)"/.exec(text) ?? [];
  const plain = said.replace(/\s+/g, " ").replaceAll("|", "/").trim();
  return plain.length > 60 ? `${plain.slice(0, 57)}…` : plain;
};

/** A call after a loss; where it fails, whether the same session and a new one work later. */
async function after(world, client) {
  const first = await world.call(client, "ping");
  if (first.ok) return `ok (${(first.ms / 1000).toFixed(1)} s)`;
  const second = await world.call(client, "ping");
  if (second.ok) return `${first.words}; then ok`;
  const other = await world.client().then(
    (fresh) => world.call(fresh, "ping"),
    (error) => ({ words: shorten(error.message) }),
  );
  return `${first.words}; the session is lost, a new one ${other.ok ? "works" : "fails, too"}`;
}

async function inCall(world, name) {
  await world.start();
  const client = await world.client();
  const call = world.call(client, name);
  const [pid] = await until(`${name} does not reach the server`, () => {
    const pids = lines(world.log, name);
    return pids.length > 0 && pids;
  });
  await world.kill(pid);
  const { words } = await call;
  const times = lines(world.log, name).length;
  const sent = words === "ok" ? "ok, sent again" : times > 1 ? `${words}, done ${times} times` : words;
  return `${sent}; next call: ${await after(world, client)}`;
}

const CELLS = {
  "processes for 2 clients": async (world) => {
    await world.start();
    for (const client of [await world.client(), await world.client()]) await world.call(client, "ping");
    return String(world.servers.length);
  },
  "killed while idle": async (world) => {
    await world.start();
    const client = await world.client();
    await world.call(client, "ping");
    for (const pid of world.servers) await world.kill(pid);
    return after(world, client);
  },
  "killed in a call that may be repeated": (world) => inCall(world, "read"),
  "killed in another call": (world) => inCall(world, "write"),
  "the server forgets its sessions (404)": async (world) => {
    if (!world.rival.remote) return "n/a: no upstream over HTTP";
    await world.startRemote();
    const client = await world.client();
    await world.call(client, "ping");
    for (const pid of lines(world.log, "start")) process.kill(pid, "SIGUSR2");
    await until("it forgets nothing", () => lines(world.log, "forgot").length > 0);
    return after(world, client);
  },
  "the gateway is restarted": async (world) => {
    await world.start();
    const client = await world.client();
    await world.call(client, "ping");
    const exited = once(world.gateway, "exit");
    world.gateway.kill("SIGTERM");
    await Promise.race([exited, pause(LIMIT_MS)]);
    endGroup(world.gateway.pid);
    for (const pid of world.servers) endGroup(pid);
    await world.start();
    return after(world, client);
  },
  "orphans after SIGKILL of the gateway": async (world) => {
    await world.start();
    await world.call(await world.client(), "ping");
    const { servers } = world;
    const exited = once(world.gateway, "exit");
    world.gateway.kill("SIGKILL");
    await exited;
    const none = () => servers.every((pid) => !isAlive(pid));
    await until("orphans", none, Math.min(LIMIT_MS, 10_000)).catch(() => {});
    return `${servers.filter(isAlive).length} of ${servers.length}`;
  },
};

async function cell(rival, run) {
  const world = new World(rival);
  const late = pause(LIMIT_MS * 6).then(() => "no end");
  try {
    return await Promise.race([run(world), late]);
  } catch (error) {
    return shorten(error.message);
  } finally {
    await world.end();
  }
}

const only = argument("--only");
const all = rivals().filter(({ name }) => !only || name.includes(only));
const rows = [["", ...all.map(({ name }) => name)]];
for (const [name, run] of Object.entries(CELLS)) {
  const row = [name];
  for (const rival of all) {
    row.push(await cell(rival, run));
    console.error(`${rival.name}, ${name}: ${row.at(-1)}`);
  }
  rows.push(row);
}
const line = (cells) => `| ${cells.join(" | ")} |`;
const table = [line(rows[0]), line(rows[0].map(() => "---")), ...rows.slice(1).map(line)].join("\n");
console.log(table);
if (process.argv.includes("--write")) {
  const file = here("../docs/serving.md");
  const [start, end] = ["<!-- npm run bench:serve -- --write -->", "<!-- end of npm run bench:serve -->"];
  const [head, rest] = readFileSync(file, "utf8").split(start);
  const [, tail] = rest.split(end);
  writeFileSync(file, `${head}${start}\n\n${table}\n\n${end}${tail}`);
}
rmSync(scratch, { recursive: true, force: true });
process.exit(0);
