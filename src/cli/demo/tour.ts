import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  type ClientTransport,
  FastMCPStdioTransport,
  NodeStdioTransport,
  NpxStdioTransport,
  PythonStdioTransport,
  SSETransport,
  UvStdioTransport,
  UvxStdioTransport,
  WSTransport,
} from "../../index.js";
import { messageOf } from "../../internal.js";
import { stopOnSignals } from "../commands/run.js";
import { describeServer, firstLine, table } from "../terminal/format.js";
import { print } from "../terminal/print.js";
import { EverythingServer, localServer } from "./servers.js";

type Call = { name: string; arguments: Record<string, unknown> };

/** One stop of the tour: a transport, the call to make, and how to kill and clean up its server. */
interface Stop {
  transport: ClientTransport;
  call: Call;
  kill(): void | Promise<void>;
  end?(): void | Promise<void>;
}

/** By the package's own name, because this module is shipped as a part of a larger file elsewhere. */
const packageRoot = dirname(createRequire(import.meta.url).resolve("holdfast/package.json"));
const examples = join(packageRoot, "examples");
const echo: Call = { name: "echo", arguments: { message: "hello" } };

const FASTMCP = "python3 -m venv .venv && . .venv/bin/activate && pip install fastmcp";
const UV = "pip install uv, or https://docs.astral.sh/uv";

/** Short deadlines: a package that takes long to download is left out. */
const patience = { connectTimeoutMs: 20_000, closeTimeoutMs: 2_000 };

/** Shows all other transports: each connects, makes a call, loses its server, and makes the call again on the same session. */
export async function tour(everything: string): Promise<void> {
  print("\nEvery other transport, each on a real server that is killed once:\n");
  const python = join(examples, "server.py");
  const reference = "@modelcontextprotocol/server-everything";
  const stops: [name: string, open: () => Stop | Promise<Stop>, install?: string][] = [
    ["node", () => local(new NodeStdioTransport({ ...patience, scriptPath: everything, args: ["stdio"] }))],
    [
      "npx",
      () =>
        local(
          new NpxStdioTransport({
            ...patience,
            package: reference,
            args: ["stdio"],
            projectDirectory: packageRoot,
          }),
        ),
    ],
    ["python", () => local(new PythonStdioTransport({ ...patience, scriptPath: python })), FASTMCP],
    ["fastmcp", () => local(new FastMCPStdioTransport({ ...patience, scriptPath: python })), FASTMCP],
    [
      "uv",
      () =>
        local(
          new UvStdioTransport({ ...patience, command: "python", args: [python], withPackages: ["fastmcp"] }),
        ),
      UV,
    ],
    [
      "uvx",
      () =>
        local(new UvxStdioTransport({ ...patience, toolName: "mcp-server-time" }), {
          name: "get_current_time",
          arguments: { timezone: "UTC" },
        }),
      UV,
    ],
    ["sse", () => sse(everything)],
    ["websocket", webSocket],
  ];
  const rows = [["transport", "server", "tools", "connected in", "killed, back in"]];
  // Two at a time: the times would say nothing if all servers started at once.
  const queue = [...stops];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const row = await visit(...next);
      if (row) rows.push(row);
    }
  };
  await Promise.all([worker(), worker()]);
  print(`\n${table(rows)}`);
}

/** The row of one transport. Undefined: this machine cannot run it, and the reason has been printed. */
async function visit(
  name: string,
  open: () => Stop | Promise<Stop>,
  install?: string,
): Promise<string[] | undefined> {
  let stop: Stop | undefined;
  let forget = () => {};
  try {
    stop = await open();
    const { transport, call } = stop;
    forget = stopOnSignals(transport);
    const startedAt = performance.now();
    const session = await transport.connectSession();
    const connected = performance.now() - startedAt;
    const { tools } = await session.listTools();
    await session.callTool(call);
    const killedAt = performance.now();
    const noticed = loss(transport);
    await stop.kill();
    await noticed;
    await session.callTool(call);
    const back = performance.now() - killedAt;
    print(`  ${name.padEnd(9)}  ${call.name} answered, before and after`);
    return [name, describeServer(transport.status), String(tools.length), seconds(connected), seconds(back)];
  } catch (error) {
    print(`  ${name.padEnd(9)}  left out: ${reason(error)}`);
    if (install) print(`${" ".repeat(13)}to see it: ${install}`);
    return undefined;
  } finally {
    await stop?.transport.close();
    await stop?.end?.();
    forget();
  }
}

const local = (transport: ClientTransport, call = echo): Stop => ({
  transport,
  call,
  kill: () => void process.kill(transport.status.pid!, "SIGKILL"),
});

async function sse(everything: string): Promise<Stop> {
  const server = new EverythingServer(everything, "sse");
  await server.start();
  return {
    transport: new SSETransport({ ...patience, url: server.url }),
    call: echo,
    kill: async () => {
      await server.stop();
      await server.start();
    },
    end: () => server.stop(),
  };
}

async function webSocket(): Promise<Stop> {
  const { serveWebSockets } = await import("../../../examples/websocket-server.mjs");
  const server = await serveWebSockets(localServer);
  return {
    transport: new WSTransport({
      ...patience,
      url: server.url,
      ...(server.token !== null && { auth: server.token }),
    }),
    call: { name: "echo", arguments: {} },
    kill: () => {
      for (const socket of server.sockets) socket.terminate();
    },
    end: () => server.close(),
  };
}

/** Settles when the transport notices that its server is gone. */
function loss(transport: ClientTransport): Promise<void> {
  return new Promise((resolve) => {
    const stop = transport.subscribe((_status, event) => {
      if (event.type !== "transition" || !event.to.startsWith("connecting")) return;
      stop();
      resolve();
    });
  });
}

/** The message of an error, and the last line that the server wrote. */
function reason(error: unknown): string {
  const lines = messageOf(error).trim().split("\n");
  return lines.length === 1 ? firstLine(lines[0], 150) : `${lines[0]} (${firstLine(lines.at(-1), 100)})`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
