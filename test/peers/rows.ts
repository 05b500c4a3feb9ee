import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { FastMCPStdioTransport } from "../../src/transports/fastmcp.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { MemoryTransport, type ServerLike } from "../../src/transports/memory.js";
import { NodeStdioTransport } from "../../src/transports/node.js";
import { NpxStdioTransport } from "../../src/transports/npx.js";
import { PythonStdioTransport } from "../../src/transports/python.js";
import { SSETransport } from "../../src/transports/sse.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { UvStdioTransport } from "../../src/transports/uv.js";
import { UvxStdioTransport } from "../../src/transports/uvx.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { makeServer as makeFastMCP } from "../fixtures/fastmcp.mjs";
import { makeServer as makeSdk1 } from "../fixtures/sdk-1.mjs";
import { everything, freePort } from "../support/everything.js";
import { fixture } from "../support/fixtures.js";
import { type Dialect, everythingDialect, fastmcpDialect, fixtureDialect } from "./dialects.js";

/** A server as one row of the table needs it. */
export interface Peer {
  transport: ClientTransport;
  /** Ends the server behind the transport's back; it can be reached again afterwards. */
  kill(): Promise<void> | void;
  /** Ends what is left of it. */
  stop?(): Promise<void> | void;
}

export interface Row {
  name: string;
  /** Commands that must be installed. */
  needs?: string[];
  dialect: Dialect;
  era: "legacy" | "modern";
  open(): Promise<Peer> | Peer;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const python = fixture("python-server.py");

/** A transport that runs the server itself. */
const local = (transport: ClientTransport): Peer => ({
  transport,
  kill: () => void process.kill(transport.status.pid!, "SIGKILL"),
});

/** A server that runs on its own, on a port, and is started again after each kill. */
export async function remote(
  command: string,
  args: (port: number) => string[],
  up: RegExp,
  to: (port: number) => ClientTransport,
) {
  const port = await freePort();
  let child: ChildProcess;
  const start = async () => {
    child = spawn(command, args(port), {
      env: { ...process.env, PORT: String(port), FASTMCP_CHECK_FOR_UPDATES: "off" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    for await (const line of createInterface({ input: child.stderr! })) if (up.test(line)) return;
    throw new Error(`${command} did not start`);
  };
  const stop = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  await start();
  const kill = async () => {
    await stop();
    await start();
  };
  return { transport: to(port), kill, stop } satisfies Peer;
}

async function webSocket(era: "legacy" | "modern"): Promise<Peer> {
  const server = await serveWebSockets(makeServer);
  const transport = new WSTransport({ url: server.url, auth: server.token!, era });
  const kill = () => {
    for (const socket of server.sockets) socket.terminate();
  };
  return { transport, kill, stop: () => server.close() };
}

/** A server in this program. `last` ends the one that serves now. */
function memory(make: () => ServerLike, era: "legacy" | "modern", instance = false): Peer {
  let last: ServerLike;
  const next = () => {
    last = make();
    return last;
  };
  const transport = new MemoryTransport({ server: instance ? next() : next, era });
  return { transport, kill: () => void last.close?.() };
}

/** FastMCP has no end of its own for what `connect` made; the session that it gives has. */
function memoryFastMCP(): Peer {
  const server = makeFastMCP();
  let last: { close(): Promise<unknown> } | undefined;
  const connect = async (side: never) => {
    last = await server.connect(side);
    return last;
  };
  return { transport: new MemoryTransport({ server: { connect } }), kill: () => void last?.close() };
}

export const rows: Row[] = [
  {
    name: "memory, an instance of the SDK 1",
    dialect: fixtureDialect,
    era: "legacy",
    open: () => memory(makeSdk1, "legacy", true),
  },
  {
    name: "memory, a factory of the SDK 2",
    dialect: fixtureDialect,
    era: "legacy",
    open: () => memory(makeServer, "legacy"),
  },
  {
    name: "memory, a factory of the SDK 2",
    dialect: fixtureDialect,
    era: "modern",
    open: () => memory(makeServer, "modern"),
  },
  { name: "memory, FastMCP of npm", dialect: fastmcpDialect, era: "legacy", open: memoryFastMCP },
  {
    name: "stdio, the reference server",
    dialect: everythingDialect,
    era: "legacy",
    open: () => local(new StdioTransport({ command: process.execPath, args: [everything, "stdio"] })),
  },
  {
    name: "node, the SDK 1",
    dialect: fixtureDialect,
    era: "legacy",
    open: () => local(new NodeStdioTransport({ scriptPath: fixture("stdio-server.mjs") })),
  },
  {
    name: "node, the SDK 2",
    dialect: fixtureDialect,
    era: "modern",
    open: () => local(new NodeStdioTransport({ scriptPath: fixture("modern-server.mjs") })),
  },
  {
    name: "node, FastMCP of npm",
    dialect: fastmcpDialect,
    era: "legacy",
    open: () => local(new NodeStdioTransport({ scriptPath: fixture("fastmcp-server.mjs"), args: ["stdio"] })),
  },
  {
    name: "npx, the reference server",
    dialect: everythingDialect,
    era: "legacy",
    open: () =>
      local(
        new NpxStdioTransport({
          package: "@modelcontextprotocol/server-everything",
          args: ["stdio"],
          projectDirectory: root,
        }),
      ),
  },
  {
    name: "python, FastMCP",
    needs: ["fastmcp"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () => local(new PythonStdioTransport({ scriptPath: python, era: "legacy" })),
  },
  {
    name: "fastmcp run",
    needs: ["fastmcp"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () => local(new FastMCPStdioTransport({ scriptPath: python, era: "legacy" })),
  },
  {
    name: "uv run --with fastmcp",
    needs: ["uv"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () =>
      local(
        new UvStdioTransport({ command: "python", args: [python], withPackages: ["fastmcp"], era: "legacy" }),
      ),
  },
  {
    name: "uvx --from fastmcp",
    needs: ["uvx"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () =>
      local(
        new UvxStdioTransport({
          toolName: "fastmcp",
          toolArgs: ["run", python, "--no-banner"],
          fromPackage: "fastmcp",
          era: "legacy",
        }),
      ),
  },
  {
    name: "http, the reference server",
    dialect: everythingDialect,
    era: "legacy",
    open: () =>
      remote(
        process.execPath,
        () => [everything, "streamableHttp"],
        /listening/,
        (port) => http(port),
      ),
  },
  {
    name: "http, FastMCP of npm",
    dialect: fastmcpDialect,
    era: "legacy",
    open: () =>
      remote(
        process.execPath,
        (port) => [fixture("fastmcp-server.mjs"), "http", String(port)],
        /listening/,
        (port) => http(port),
      ),
  },
  {
    name: "http, FastMCP of Python",
    needs: ["fastmcp"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () =>
      remote(
        "python3",
        (port) => [python, "http", String(port)],
        /running on/,
        (port) => http(port, "legacy"),
      ),
  },
  {
    name: "sse, the reference server",
    dialect: everythingDialect,
    era: "legacy",
    open: () =>
      remote(
        process.execPath,
        () => [everything, "sse"],
        /running on port/,
        (port) => sse(port),
      ),
  },
  {
    name: "sse, FastMCP of Python",
    needs: ["fastmcp"],
    dialect: fixtureDialect,
    era: "legacy",
    open: () =>
      remote(
        "python3",
        (port) => [python, "sse", String(port)],
        /running on/,
        (port) => sse(port),
      ),
  },
  { name: "websocket, the SDK 2", dialect: fixtureDialect, era: "legacy", open: () => webSocket("legacy") },
  { name: "websocket, the SDK 2", dialect: fixtureDialect, era: "modern", open: () => webSocket("modern") },
];

const http = (port: number, era?: "legacy") =>
  new StreamableHttpTransport({ url: `http://127.0.0.1:${port}/mcp`, ...(era && { era }) });
const sse = (port: number) => new SSETransport({ url: `http://127.0.0.1:${port}/sse` });
