// A composite against what one would write by hand with the raw SDK, in turns in one run. Prints JSON.
import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Server } from "@modelcontextprotocol/server";
import { MCPConfigTransport } from "../dist/bundle/index.js";
import { median } from "./options.mjs";
import { race } from "./race.mjs";

const script = fileURLToPath(new URL("./echo-server.mjs", import.meta.url));
const small = fileURLToPath(new URL("../test/fixtures/small-server.mjs", import.meta.url));
const stdio = { command: process.execPath, args: [script, "stdio"] };
const echo = (client, name) => () => client.callTool({ name, arguments: { message: "hello" } });

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

const [proxied, composed] = [await rawProxy(), await ours()];
const races = [];
for (const width of [1, 32])
  races.push({
    width,
    ...(await race({ v2: echo(proxied.client, "echo"), holdfast: echo(composed.client, "a_echo") }, width)),
  });
await Promise.all([proxied.close(), composed.close()]);

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
  v2: async () => {
    const clients = Array.from({ length: 50 }, () => new Client({ name: "raw", version: "1" }));
    await Promise.all(
      clients.map((client) =>
        client.connect(new StdioClientTransport({ command: process.execPath, args: [small] })),
      ),
    );
    return () => Promise.all(clients.map((client) => client.close()));
  },
  holdfast: async () => {
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

const seen = { v2: [], holdfast: [] };
for (let round = 0; round < 3; round++)
  for (const side of round % 2 === 0 ? ["v2", "holdfast"] : ["holdfast", "v2"])
    seen[side].push(await fifty(sides[side]));
const middle = (side) => ({
  seconds: median(seen[side].map(({ seconds }) => seconds)),
  kb: median(seen[side].map(({ kb }) => kb)),
});
console.log(JSON.stringify({ races, fifty: { v2: middle("v2"), holdfast: middle("holdfast") } }));
process.exit(0);
