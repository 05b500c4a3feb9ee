// The memory that ten hosts of five servers cost: each with servers of its own, and all on one daemon. `npm run bench:shared`, Linux.
// Counted is what the hosts start, without the hosts: as PSS, in which what processes share counts once.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HOSTS = Number(process.env.HOSTS ?? 10);
const SERVERS = 5;
const root = fileURLToPath(new URL("../", import.meta.url));
const directory = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-")));
const config = join(directory, "mcp.json");
const program = join(root, "node_modules/@modelcontextprotocol/server-everything/dist/index.js");
const names = Array.from({ length: SERVERS }, (_, i) => `server${i}`);
/** The smallest form of a server, and the one that stands in most configs: each npx stays beside what it starts. */
const FORMS = {
  "node server.js": { command: process.execPath, args: [program], cwd: directory },
  "npx server": { command: "npx", args: ["--no-install", "mcp-server-everything"], cwd: root },
};
const env = {
  PATH: process.env.PATH,
  HOME: directory,
  XDG_STATE_HOME: directory,
  XDG_RUNTIME_DIR: join(directory, "run"),
};

/** A client by hand: it starts a program, shakes hands and lists its tools. */
async function client({ command, args, cwd }) {
  const child = spawn(command, args, { env, cwd, stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (id, method, params) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done || JSON.parse(value).id === id) return;
    }
  };
  await ask(1, "initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "host", version: "1" },
  });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  await ask(2, "tools/list", {});
  return child;
}

const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
};
const started = () =>
  readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && read(pid, "environ").includes(directory));
const sum = (pids, what) =>
  pids.reduce(
    (all, pid) =>
      all + Number(new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(read(pid, "smaps_rollup"))?.[1] ?? 0),
    0,
  ) / 1024;

async function measured(start) {
  const children = [];
  for (let host = 0; host < HOSTS; host++) children.push(...(await start()));
  const pids = started();
  const result = {
    processes: pids.length,
    pss: Math.round(sum(pids, "Pss")),
    rss: Math.round(sum(pids, "Rss")),
  };
  for (const child of children) child.stdin.end();
  for (const pid of pids)
    if (read(pid, "cmdline").split("\0").includes("daemon")) process.kill(Number(pid), "SIGTERM");
  for (const child of children) child.kill("SIGKILL");
  while (started().length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return result;
}

const cli = join(root, "dist/bundle/cli.js");
const shim = { command: process.execPath, args: [cli, "serve", config, "--shared"], cwd: directory };
const row = (name, { processes, pss, rss }) => `| ${name} | ${processes} | ${pss} MB | ${rss} MB |`;
for (const [form, entry] of Object.entries(FORMS)) {
  writeFileSync(
    config,
    JSON.stringify({ mcpServers: Object.fromEntries(names.map((name) => [name, entry])) }),
  );
  const raw = await measured(() => Promise.all(names.map(() => client(entry))));
  const shared = await measured(async () => [await client(shim)]);
  console.log(`| ${HOSTS} hosts, ${SERVERS} servers: \`${form}\` | processes | memory (PSS) | RSS |`);
  console.log("| --- | --- | --- | --- |");
  console.log(row("each host its own", raw));
  console.log(row("`serve --shared`", shared));
  console.log(`\nshared is ${((100 * shared.pss) / raw.pss).toFixed(1)} % of the memory\n`);
}
rmSync(directory, { recursive: true, force: true });
