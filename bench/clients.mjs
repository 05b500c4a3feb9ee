// The clients that are compared, opened on the same server: the floor, the SDK's of both majors, and holdfast.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as v2 from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { WebSocket } from "ws";
import { floors } from "./floor.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The folder of the holdfast that is measured: this one, or an older one beside it. */
const root = process.env.HOLDFAST ?? here("..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
export const holdfast = await import(pathToFileURL(join(root, exports["."].default)).href);

export const SERVERS = { smallest: here("./smallest-server.mjs"), sdk: here("./echo-server.mjs") };

/** Starts a server on a port. Gives the port, and what ends it. */
export async function startServer(file, kind) {
  const child = spawn(process.execPath, [file, kind, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  return { port: /\d+/.exec(String(line))[0], stop: () => child.kill("SIGKILL") };
}

/** The SDK has no WebSocket for Node 20: the least that is a transport. */
class Socket {
  constructor(url) {
    this.socket = new WebSocket(url, "mcp", { perMessageDeflate: false });
  }
  async start() {
    await once(this.socket, "open");
    this.socket.on("message", (data) => this.onmessage?.(JSON.parse(data.toString())));
  }
  send = async (message) => this.socket.send(JSON.stringify(message));
  close = async () => this.socket.terminate();
}

const connected = async (client, transport) => {
  await client.connect(transport);
  return { client, close: () => client.close() };
};
const raw1 = (transport) => connected(new v1.Client({ name: "raw", version: "1" }), transport);
const raw2 = (transport, options) =>
  connected(new v2.Client({ name: "raw", version: "1" }, options), transport);
const ours = async (transport) => ({
  client: await transport.connectSession(),
  transport,
  close: () => transport.close(),
});
const linked = async (Pair, server) => {
  const [near, far] = Pair.createLinkedPair();
  await server.connect(far);
  return near;
};
const modern = { versionNegotiation: { mode: { pin: "2026-07-28" } } };
const era = "legacy";

/** For each kind, what opens a client: on a server object, a command, or a URL. */
export const clients = {
  memory: {
    floor: floors.memory,
    v1: async (server) => raw1(await linked(InMemoryTransport, server)),
    v2: async (server) => raw2(await linked(v2.InMemoryTransport, server)),
    holdfast: (server) => ours(new holdfast.MemoryTransport({ server, era })),
  },
  stdio: {
    floor: floors.stdio,
    v1: (command) => raw1(new StdioClientTransport1(command)),
    v2: (command) => raw2(new StdioClientTransport(command)),
    holdfast: (command) => ours(new holdfast.StdioTransport({ ...command, era })),
  },
  http: {
    floor: floors.http,
    v1: (url) => raw1(new StreamableHTTPClientTransport(new URL(url))),
    v2: (url) => raw2(new v2.StreamableHTTPClientTransport(new URL(url))),
    holdfast: (url) => ours(new holdfast.StreamableHttpTransport({ url, era })),
  },
  modern: {
    v2: (url) => raw2(new v2.StreamableHTTPClientTransport(new URL(url)), modern),
    holdfast: (url) => ours(new holdfast.StreamableHttpTransport({ url, era: "modern" })),
  },
  sse: {
    floor: floors.sse,
    v1: (url) => raw1(new SSEClientTransport(new URL(url))),
    v2: (url) => raw2(new v2.SSEClientTransport(new URL(url))),
    holdfast: (url) => ours(new holdfast.SSETransport({ url })),
  },
  ws: {
    floor: floors.ws,
    v1: (url) => raw1(new Socket(url)),
    v2: (url) => raw2(new Socket(url)),
    holdfast: (url) => ours(new holdfast.WSTransport({ url, era })),
  },
};
