// Calls per second through holdfast and through the raw SDK client, in turns in one run, printed as ratios.
// Quote the medians of the ratios: the machine's speed drifts, and both sides drift with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { MemoryTransport, StdioTransport, StreamableHttpTransport } from "../dist/index.js";
import { Recorder } from "../dist/inspect/recorder.js";
import { compare, rounds, seconds } from "./compare.mjs";
import { make } from "./echo.mjs";

const server = fileURLToPath(new URL("./echo-server.mjs", import.meta.url));
const stdio = { command: process.execPath, args: [server, "stdio"] };

const raw = async (transport) => {
  const client = new Client({ name: "raw", version: "1" });
  await client.connect(transport);
  return { client, close: () => client.close() };
};
const ours = async (transport) => {
  const client = await transport.connectSession();
  return { client, close: () => transport.close() };
};
const memory = async () => {
  const [a, b] = InMemoryTransport.createLinkedPair();
  await make().connect(b);
  return a;
};

async function httpServer() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const child = spawn(process.execPath, [server, "http", String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return { url: `http://127.0.0.1:${port}/mcp`, stop: () => child.kill() };
}

const echo = (client) => client.callTool({ name: "echo", arguments: { message: "hello" } });
const big = (client) => client.callTool({ name: "big", arguments: {} });

const only = process.argv.find((arg) => arg.startsWith("--only="))?.slice(7);
const wanted = (name) => !only || name.includes(only);

console.log(
  `calls/s, medians of ${rounds} rounds of ${seconds} s on Node ${process.version}; ratio = holdfast / raw SDK client\n`,
);
console.log("path                 wide       raw  holdfast  ratio   (min to max)");
for (const width of [1, 32]) {
  if (wanted("memory")) {
    await compare(
      "memory",
      async () => raw(await memory()),
      () => ours(new MemoryTransport({ server: make() })),
      { raw: echo, ours: echo },
      width,
    );
  }
  // Here the other side is ours, too: what a watching inspector costs.
  if (wanted("inspected")) {
    for (const [name, open] of [
      ["inspected, memory", (options) => new MemoryTransport({ server: make(), ...options })],
      ["inspected, stdio", (options) => new StdioTransport({ ...stdio, era: "legacy", ...options })],
    ]) {
      const recorder = new Recorder(5_000);
      const inspect = (event) => recorder.add(event);
      await compare(
        name,
        () => ours(open({})),
        () => ours(open({ inspect })),
        { raw: echo, ours: echo },
        width,
      );
    }
  }
  if (wanted("stdio")) {
    await compare(
      "stdio",
      () => raw(new StdioClientTransport(stdio)),
      () => ours(new StdioTransport({ ...stdio, era: "legacy" })),
      { raw: echo, ours: echo },
      width,
    );
  }
  if (wanted("http")) {
    const { url, stop } = await httpServer();
    await compare(
      "Streamable HTTP",
      () => raw(new StreamableHTTPClientTransport(new URL(url))),
      () => ours(new StreamableHttpTransport({ url, era: "legacy" })),
      { raw: echo, ours: echo },
      width,
    );
    stop();
  }
}
if (wanted("4 MB")) {
  await compare(
    "stdio, 4 MB results",
    () => raw(new StdioClientTransport(stdio)),
    () => ours(new StdioTransport({ ...stdio, era: "legacy" })),
    { raw: big, ours: big },
    1,
  );
}
if (wanted("composite")) await import("./composite.mjs");
