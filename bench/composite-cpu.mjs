// CPU per call through a composite against a raw SDK client behind a raw SDK proxy, in turns in one process, on the same servers.
// With --at-most W1,W32 it ends with 1 where a ratio is above that, one wide or 32 wide.
import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Server } from "@modelcontextprotocol/server";
import { MCPConfigTransport } from "../dist/index.js";
import { option } from "./options.mjs";

const script = fileURLToPath(new URL("../test/fixtures/small-server.mjs", import.meta.url));
const stdio = { command: process.execPath, args: [script] };
const rounds = option("--rounds", 9);
const calls = option("--calls", 3_000);
const only = option("--servers", 0);
const [most1, most32] = (process.argv[process.argv.indexOf("--at-most") + 1] ?? "").split(",").map(Number);

const connected = async (transport) => {
  const client = new Client({ name: "raw", version: "1" });
  await client.connect(transport);
  return client;
};

/** A raw client of a raw server that passes each call on to the raw client of its server. */
async function rawProxy(names) {
  const upstreams = new Map();
  for (const name of names) upstreams.set(name, await connected(new StdioClientTransport(stdio)));
  const server = new Server({ name: "proxy", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", async () => {
    const lists = [...upstreams].map(async ([name, upstream]) => {
      const { tools } = await upstream.listTools();
      return tools.map((tool) => ({ ...tool, name: `${name}_${tool.name}` }));
    });
    return { tools: (await Promise.all(lists)).flat() };
  });
  server.setRequestHandler("tools/call", ({ params }, { mcpReq: { signal } }) => {
    const end = params.name.indexOf("_");
    const upstream = upstreams.get(params.name.slice(0, end));
    return upstream.request(
      { method: "tools/call", params: { ...params, name: params.name.slice(end + 1) } },
      { signal },
    );
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const client = await connected(near);
  await client.listTools();
  return { client, close: () => Promise.all([client, ...upstreams.values()].map((one) => one.close())) };
}

async function composite(names) {
  const servers = names.map((name) => [name, { ...stdio, era: "legacy" }]);
  const transport = new MCPConfigTransport({ config: { mcpServers: Object.fromEntries(servers) } });
  const client = await transport.connectSession();
  await transport.waitFor("connected", { servers: "all" });
  await client.listTools();
  return { client, close: () => transport.close() };
}

/** Microseconds of this program's CPU for each call. */
async function cpu({ client }, tools, width) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  let made = 0;
  const worker = async () => {
    while (made < calls) await client.callTool({ name: tools[made++ % tools.length], arguments: { a: 1 } });
  };
  await Promise.all(Array.from({ length: width }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / made;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
let isOver = false;

console.log(
  `CPU per call, medians of ${rounds} rounds of ${calls} calls on Node ${process.version}; ratio = composite / raw client behind raw proxy\n`,
);
console.log("servers  wide     raw us   ours us   ratio   (min to max)");
for (const count of only ? [only] : [2, 20]) {
  const names = Array.from({ length: count }, (_, i) => `s${i}`);
  const tools = names.map((name) => `${name}_pid`);
  const sides = { raw: await rawProxy(names), ours: await composite(names) };
  for (const width of [1, 32]) {
    const spent = { raw: [], ours: [] };
    for (let round = -2; round < rounds; round++)
      for (const side of round % 2 === 0 ? ["raw", "ours"] : ["ours", "raw"]) {
        const each = await cpu(sides[side], tools, width);
        if (round >= 0) spent[side].push(each);
      }
    const ratios = spent.ours.map((value, i) => value / spent.raw[i]);
    const ratio = median(ratios);
    if (ratio > (width === 1 ? most1 : most32)) isOver = true;
    console.log(
      `${String(count).padStart(7)} ${String(width).padStart(5)} ${median(spent.raw).toFixed(0).padStart(10)} ${median(spent.ours).toFixed(0).padStart(9)} ${ratio.toFixed(2).padStart(7)}   (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
    );
  }
  await Promise.all([sides.raw.close(), sides.ours.close()]);
}
if (isOver) process.exitCode = 1;
