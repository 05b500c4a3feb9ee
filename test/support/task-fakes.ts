import type { SharedOptions } from "../../src/contract/options.js";
import type { SessionOptions } from "../../src/contract/session.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { closing } from "./fixtures.js";

const TASKS = "io.modelcontextprotocol/tasks";
const FAST = { ttlMs: 60_000, ttl: 60_000, pollIntervalMs: 100, pollInterval: 100 };

/** A task as servers of both eras tell of it. */
export const taskOf = (taskId: string, status: string, more: object = {}) => ({
  taskId,
  status,
  createdAt: new Date().toISOString(),
  lastUpdatedAt: new Date().toISOString(),
  ...FAST,
  ...more,
});

/** A server of the legacy era with a tool of each rule. */
export function legacyServer(): FakeServer {
  const server = new FakeServer(
    ["required", "optional", "forbidden"].map((taskSupport) => ({
      name: taskSupport,
      execution: { taskSupport },
    })),
  );
  server.on("initialize", () => ({
    protocolVersion: "2025-11-25",
    capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    serverInfo: { name: "fake", version: "1" },
  }));
  server.on("tools/call", ({ task }) =>
    task ? { task: taskOf("t1", "working") } : { content: [{ type: "text", text: "plain" }] },
  );
  return server;
}

/** A server of the modern era, which makes a task of each call of a client that knows them. */
export function modernServer(): FakeServer {
  const server = new FakeServer([{ name: "tool" }]);
  const list = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
  server.on("server/discover", () => ({
    ...list,
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {}, extensions: { [TASKS]: {} } },
  }));
  server.on("tools/list", () => ({ ...list, tools: [{ name: "tool", inputSchema: { type: "object" } }] }));
  server.on("tools/call", (params) => {
    const { extensions } = clientCapabilitiesIn(params);
    return extensions?.[TASKS]
      ? { resultType: "task", ...taskOf("t1", "working") }
      : { resultType: "complete", content: [{ type: "text", text: "plain" }] };
  });
  return server;
}

function clientCapabilitiesIn(params: Record<string, unknown>): {
  extensions?: Record<string, object>;
} {
  const meta = params["_meta"] as Record<string, object> | undefined;
  return meta?.["io.modelcontextprotocol/clientCapabilities"] ?? {};
}

export async function sessionOn(
  server: FakeServer,
  options: SessionOptions = {},
  shared: SharedOptions = {},
) {
  const transport = closing(
    server.transport({ era: "auto", reconnect: { baseMs: 1, capMs: 10 }, ...shared }),
  );
  return transport.connectSession(options);
}

/** The methods that a server was asked for, in order. */
export const askedOf = (server: FakeServer): string[] =>
  server.received.flatMap((message) => ("method" in message ? [message.method] : []));
