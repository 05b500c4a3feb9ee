// A composite against what one would write by hand with the raw SDK, in turns in one run, printed as ratios.
import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Server } from "@modelcontextprotocol/server";
import { MCPConfigTransport } from "../dist/index.js";
import { compare, option } from "./compare.mjs";

const script = fileURLToPath(new URL("./echo-server.mjs", import.meta.url));
const small = fileURLToPath(new URL("../test/fixtures/small-server.mjs", import.meta.url));
const stdio = { command: process.execPath, args: [script, "stdio"] };
const echo = (name) => (client) => client.callTool({ name, arguments: { message: "hello" } });

/** A raw SDK client behind one raw in-memory SDK server that passes everything on. */
async function rawProxy() {
  const upstream = new Client({ name: "raw", version: "1" });
  await upstream.connect(new StdioClientTransport(stdio));
  const server = new Server({ name: "proxy", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", ({ params }) => upstream.request({ method: "tools/list", params }));
  server.setRequestHandler("tools/call", ({ params }) => upstream.request({ method: "tools/call", params }));
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const client = new Client({ name: "raw", version: "1" });
  await client.connect(near);
  return { client, close: () => Promise.all([client.close(), upstream.close()]) };
}

async function ours() {
  const transport = new MCPConfigTransport({
    config: { mcpServers: { a: { ...stdio, era: "legacy" }, b: { ...stdio, era: "legacy" } } },
  });
  const client = await transport.connectSession();
  await client.listTools();
  return { client, close: () => transport.close() };
}

console.log("\ncomposite: calls/s through it, against a raw SDK client behind a raw in-memory SDK proxy\n");
for (const width of [1, 32])
  await compare("composite over stdio", rawProxy, ours, { raw: echo("echo"), ours: echo("a_echo") }, width);

const heap = () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Wall time until all are connected, and this program's memory for each server. */
async function fifty(open) {
  const before = heap();
  const startedAt = performance.now();
  const close = await open();
  const seconds = (performance.now() - startedAt) / 1000;
  const kb = (heap() - before) / 50 / 1024;
  await close();
  return { seconds, kb };
}

const sides = {
  raw: async () => {
    const clients = Array.from({ length: 50 }, () => new Client({ name: "raw", version: "1" }));
    await Promise.all(
      clients.map((client) =>
        client.connect(new StdioClientTransport({ command: process.execPath, args: [small] })),
      ),
    );
    return () => Promise.all(clients.map((client) => client.close()));
  },
  ours: async () => {
    const servers = Array.from({ length: 50 }, (_, i) => [
      `s${i}`,
      { command: process.execPath, args: [small], era: "legacy" },
    ]);
    const transport = new MCPConfigTransport({
      config: { mcpServers: Object.fromEntries(servers) },
      startTimeoutMs: 60_000,
    });
    await transport.connectSession();
    await transport.waitFor("connected", { servers: "all" });
    return () => transport.close();
  },
};

const rounds = option("--rounds", 5);
const results = { raw: [], ours: [] };
for (let round = 0; round < Math.min(rounds, 5); round++)
  for (const side of round % 2 === 0 ? ["raw", "ours"] : ["ours", "raw"])
    results[side].push(await fifty(sides[side]));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
console.log(
  "\n50 stdio servers: until all are connected, and memory of this program for each server (medians)\n",
);
for (const side of ["raw", "ours"])
  console.log(
    `${side === "raw" ? "50 raw SDK clients" : "one composite"}`.padEnd(22),
    `${median(results[side].map((r) => r.seconds)).toFixed(2)} s`,
    `${median(results[side].map((r) => r.kb)).toFixed(0)} kB`.padStart(10),
  );
