// From a fault to the first good answer: holdfast beside its peers, each in a process of its own, in one run.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { serveWebSockets } from "../examples/websocket-server.mjs";
import { make } from "./echo.mjs";
import { option } from "./options.mjs";
import { swallowingProxy } from "./swallowing-proxy.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const server = here("./echo-server.mjs");
const rounds = option("--rounds", 3);

/** The peers are no dependencies of ours: they are fetched into a folder of their own. */
if (!existsSync(here("./.peers/node_modules"))) {
  mkdirSync(here("./.peers"), { recursive: true });
  writeFileSync(here("./.peers/package.json"), '{ "name": "peers", "private": true, "type": "module" }\n');
  console.log("fetching the peers …");
  const wanted = ["@langchain/mcp-adapters", "@langchain/core", "mcporter@latest"];
  execFileSync("npm", ["install", "--no-audit", "--no-fund", ...wanted], {
    cwd: here("./.peers"),
    stdio: "ignore",
  });
}
const version = (name) =>
  JSON.parse(readFileSync(here(`./.peers/node_modules/${name}/package.json`), "utf8")).version;
const newerNode = execFileSync("npx", ["-y", "-p", "node@24", "-c", "command -v node"], {
  encoding: "utf8",
}).trim();
const venv = here("../.ci/venv/bin/python");
const python = existsSync(venv) ? venv : "python3";
const hasFastMCP = () => {
  try {
    execFileSync(python, ["-c", "import fastmcp"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const peers = [
  ["holdfast", [process.execPath, here("./peers/holdfast.mjs")]],
  ["raw SDK client", [process.execPath, here("./peers/sdk.mjs")]],
  [
    `@langchain/mcp-adapters ${version("@langchain/mcp-adapters")}`,
    [process.execPath, here("./peers/langchain.mjs")],
  ],
  [`mcporter ${version("mcporter")} (Node 24)`, [newerNode, here("./peers/mcporter.mjs")]],
  ...(hasFastMCP() ? [["FastMCP, Python", [python, here("./peers/fastmcp_client.py")]]] : []),
];

async function httpServer(port, mode = "http") {
  const child = spawn(process.execPath, [server, mode, String(port ?? 0)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const bound = Number(/\d+/.exec(line)[0]);
  const stop = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { child, port: bound, url: `http://127.0.0.1:${bound}/mcp`, stop };
}

/** A server behind a middlebox that forgets the flows that are open, and swallows what the server sends on them. */
async function swallowed(kind, path) {
  const running = await httpServer(0, kind);
  const proxy = await swallowingProxy(running.port);
  return {
    target: { kind, url: `http://127.0.0.1:${proxy.port}${path}`, heartbeat: { intervalMs: 1_000 } },
    strike: () => proxy.swallow(),
    end: async () => {
      proxy.close();
      await running.stop();
    },
  };
}

/** Each fault: what the peer is told to reach, and what happens to it. */
const faults = {
  "stdio server, SIGKILL": async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
    const file = join(directory, "pid");
    return {
      target: { kind: "stdio", command: process.execPath, args: [server, "stdio", "0", file] },
      strike: () => process.kill(Number(readFileSync(file, "utf8")), "SIGKILL"),
      end: () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  "HTTP server, restarted": async () => {
    let running = await httpServer();
    return {
      target: { kind: "http", url: running.url },
      strike: async () => {
        await running.stop();
        running = await httpServer(running.port);
      },
      end: () => running.stop(),
    };
  },
  "HTTP session, 404": async () => {
    const running = await httpServer();
    return {
      target: { kind: "http", url: running.url },
      strike: () => running.child.kill("SIGUSR2"),
      end: () => running.stop(),
    };
  },
  "HTTP, answers swallowed": () => swallowed("http", "/mcp"),
  "SSE, answers swallowed": () => swallowed("sse", "/sse"),
  "WebSocket, dropped": async () => {
    const sockets = await serveWebSockets(make, { token: null });
    return {
      target: { kind: "ws", url: sockets.url },
      strike: () => {
        for (const socket of sockets.sockets) socket.terminate();
      },
      end: () => sockets.close(),
    };
  },
};

async function measure([command, ...args], fault) {
  const { target, strike, end } = await fault();
  const child = spawn(command, [...args, JSON.stringify(target)], { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const next = async () => (await lines.next()).value;
  try {
    let line = await next();
    while (line !== undefined && line !== "ready") line = await next();
    if (line === undefined)
      return { note: /no WebSocket/.test(errors) ? "has no WebSocket" : errors.trim().split("\n").at(-1) };
    // The clock starts when the fault is done: a server that is away longer is no merit of a client.
    await strike();
    child.stdin.write("go\n");
    let answer = await next();
    while (answer !== undefined && !answer.startsWith("{")) answer = await next();
    return answer === undefined ? { note: "its process ended" } : JSON.parse(answer);
  } finally {
    child.kill("SIGKILL");
    await end();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
console.log(
  `\nfrom the fault to the first good answer, medians of ${rounds}; in brackets the calls that failed before\n`,
);
const only = process.argv.find((arg) => arg.startsWith("--fault="))?.slice(8);
for (const [name, fault] of Object.entries(faults)) {
  if (only && !name.includes(only)) continue;
  console.log(name);
  const results = new Map(peers.map(([peer]) => [peer, []]));
  for (let round = 0; round < rounds; round++)
    for (const [peer, command] of peers) {
      const seen = results.get(peer);
      // Never is an answer, and once is enough for it.
      if (seen.some(({ note, ms }) => note || ms === null)) continue;
      seen.push(await measure(command, fault));
    }
  for (const [peer, seen] of results) {
    const last = seen.at(-1);
    const text =
      last.note ??
      (last.ms === null
        ? `never, within 15 s (${last.failed})`
        : `${median(seen.map(({ ms }) => ms)).toFixed(0)} ms (${median(seen.map(({ failed }) => failed))})`);
    console.log(`  ${peer.padEnd(32)} ${text}`);
  }
}
process.exit(0);
