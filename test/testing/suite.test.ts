import { afterAll, beforeAll, describe, it } from "vitest";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { FakeServer, lifecycleSuite, type MakeTransport } from "../../src/testing/index.js";
import { MCPConfigTransport } from "../../src/transports/config.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { NodeStdioTransport } from "../../src/transports/node.js";
import { SSETransport } from "../../src/transports/sse.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { remote } from "../peers/rows.js";
import { everything } from "../support/everything.js";
import { fixture } from "../support/fixtures.js";

interface Kind {
  name: string;
  /** Stories by chance, besides those that come with the promises. */
  runs?: number;
  /** Starts what the transports reach; returns how they are made, and what ends it. */
  start(): Promise<[MakeTransport, (() => unknown)?]> | [MakeTransport, (() => unknown)?];
}

const node = process.execPath;
const everythingOn = async (mode: string, up: RegExp, to: (port: number) => MakeTransport) => {
  let port = 0;
  const { stop } = await remote(
    node,
    () => [everything, mode],
    up,
    (at) => {
      port = at;
      return new StdioTransport({ command: node });
    },
  );
  return [to(port), stop] as [MakeTransport, () => unknown];
};

const KINDS: Kind[] = [
  {
    name: "a fake server",
    start() {
      const look = { name: "look", annotations: { readOnlyHint: true } };
      const server = new FakeServer([look]).on("tools/call", () => ({ content: [] }));
      return [(options) => server.transport(options)];
    },
  },
  {
    name: "memory, either era",
    start: () => [(options) => new MemoryTransport({ server: makeServer, ...options })],
  },
  {
    name: "stdio, the reference server",
    start: () => [
      (options) => new StdioTransport({ command: node, args: [everything, "stdio"], ...options }),
    ],
  },
  {
    name: "node, a modern server",
    start: () => [
      (options) => new NodeStdioTransport({ scriptPath: fixture("modern-server.mjs"), ...options }),
    ],
  },
  {
    name: "http, the reference server",
    start: () =>
      everythingOn(
        "streamableHttp",
        /listening/,
        (port) => (options) =>
          new StreamableHttpTransport({ url: `http://127.0.0.1:${port}/mcp`, ...options }),
      ),
  },
  {
    name: "sse, the reference server",
    start: () =>
      everythingOn(
        "sse",
        /running on port/,
        (port) => (options) => new SSETransport({ url: `http://127.0.0.1:${port}/sse`, ...options }),
      ),
  },
  {
    name: "websocket, either era",
    async start() {
      const server = await serveWebSockets(makeServer);
      return [
        (options) => new WSTransport({ url: server.url, auth: server.token!, ...options }),
        () => server.close(),
      ];
    },
  },
  {
    name: "a config with several servers",
    start() {
      const server = { command: node, args: [fixture("small-server.mjs")] };
      return [
        (options) =>
          new MCPConfigTransport({ config: { mcpServers: { one: server, two: server } }, ...options }),
      ];
    },
  },
];

const runs = Number(process.env["HOLDFAST_STORIES"] ?? 4);

describe.each(KINDS)("$name keeps every promise:", ({ start }) => {
  let make: MakeTransport;
  let stop: (() => unknown) | undefined;
  beforeAll(async () => {
    [make, stop] = await start();
  });
  afterAll(() => stop?.());

  for (const { name, run, timeoutMs } of lifecycleSuite((options) => make(options), {
    runs,
    shrinkMs: 10_000,
  }))
    it(name, run, timeoutMs);
});
