import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, it } from "vitest";
import { StreamableHttpTransport, type StreamableHttpTransportOptions } from "../../src/transports/http.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, recorded, rejection, stdioFixture, textOf, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { httpServer, methodOf } from "../support/http-server.js";
import { isPending } from "../support/settling.js";

const to = (url: string, options: Partial<StreamableHttpTransportOptions> = {}) =>
  closing(new StreamableHttpTransport({ url, era: "legacy", ...options }));

describe("a tool call whose connection was lost", () => {
  const lose = async (name: string, options: object, replay?: object) => {
    const { transport, did } = stdioFixture(options);
    const session = await transport.connectSession();
    await session.listTools();
    process.kill(transport.status.pid!, "SIGSTOP");
    const call = session.callTool({ name, arguments: { name: "x" } }, replay as never).then(
      () => "answered",
      (error) => error.outcome,
    );
    await until(() => transport.status.inFlight === 1);
    process.kill(transport.status.pid!, "SIGKILL");
    return { seen: await call, writes: did().filter((line) => line.startsWith("write")).length };
  };

  it("is sent again where the tool says that it only reads or may be repeated", async () => {
    expect(await lose("look", {})).toMatchObject({ seen: "answered" });
    expect(await lose("put", {})).toMatchObject({ seen: "answered" });
    expect(await lose("write", {})).toEqual({ seen: "unknown", writes: 0 });
  });

  it("is not where annotations are not trusted, or the caller says never; and is where the caller says always", async () => {
    expect(await lose("look", { trustAnnotations: false })).toMatchObject({ seen: "unknown" });
    expect(await lose("look", {}, { replay: "never" })).toMatchObject({ seen: "unknown" });
    expect(await lose("write", {}, { replay: "always" })).toEqual({ seen: "answered", writes: 1 });
  });

  it("of a tool that was not listed is not, whatever it is", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    process.kill(transport.status.pid!, "SIGSTOP");
    const call = rejection(session.callTool({ name: "look" }));
    await until(() => transport.status.inFlight === 1);
    process.kill(transport.status.pid!, "SIGKILL");
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  });
});

describe("a busy server", () => {
  for (const status of [429, 503])
    it(`that answers ${status} and says when to come back gets the call again then, once`, async () => {
      const server = await httpServer();
      let refusals = 0;
      server.control.fault = (_request, response, body) => {
        if (methodOf(body) !== "tools/call write" || refusals > 0) return false;
        refusals++;
        response.writeHead(status, { "retry-after": "1" }).end();
        return true;
      };
      const session = await to(server.url).connectSession();
      const startedAt = Date.now();
      await session.callTool({ name: "write", arguments: { name: "w" } });
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
      expect(server.counts.writes.get("w")).toBe(1);
    });

  it("is not waited for past the deadline: the caller gets its answer at once", async () => {
    const server = await httpServer();
    server.control.fault = (_request, response, body) => {
      if (methodOf(body) !== "tools/call write") return false;
      response.writeHead(503, { "retry-after": "60" }).end();
      return true;
    };
    const session = await to(server.url).connectSession();
    stopTime();
    const call = session.callTool({ name: "write", arguments: { name: "w" } }, { timeout: 5_000 });
    expect(await rejection(call)).toMatchObject({ status: 503 });
  });
});

describe("waiting for the connection", () => {
  it("is first come, first served, and bounded", async () => {
    const server = await httpServer();
    const transport = to(server.url, { maxQueued: 3 });
    const session = await transport.connectSession();
    let hold = true;
    server.control.fault = () => hold;
    for (const socket of server.sockets) socket.destroy();
    await transport.waitFor("connecting");
    const order: number[] = [];
    const calls = [1, 2, 3].map((n) =>
      session.callTool({ name: "echo", arguments: { message: String(n) } }).then(() => order.push(n)),
    );
    await new Promise(setImmediate);
    expect(await rejection(session.listTools())).toMatchObject({ code: "QUEUE_FULL", maxQueued: 3 });
    hold = false;
    for (const socket of server.sockets) socket.destroy();
    await Promise.all(calls);
    expect(order.sort()).toEqual([1, 2, 3]);
  });
});

describe("the deadline of a call", () => {
  it("is moved by progress where the caller says so, and never past the total", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    const pass = stopTime();
    const steps = { name: "count", arguments: { steps: 5, ms: 10 } };
    const seen: number[] = [];
    // Each step takes 100 ms of the time that the call knows.
    const onprogress = ({ progress }: { progress: number }) => {
      seen.push(progress);
      pass.now(100);
    };
    await session.callTool(steps, { timeout: 250, resetTimeoutOnProgress: true, onprogress });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(await rejection(session.callTool(steps, { timeout: 250, onprogress }))).toMatchObject({
      code: "REQUEST_TIMEOUT",
    });
    const total = { timeout: 250, resetTimeoutOnProgress: true, maxTotalTimeout: 400, onprogress };
    const error = await rejection(session.callTool(steps, total));
    expect(error).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect((error as Error).message).toContain("within 400 ms");
  });

  it("is the total without progress, too: the SDK has no timer for it", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    const pass = stopTime();
    const call = rejection(session.callTool({ name: "never" }, { timeout: 60_000, maxTotalTimeout: 200 }));
    await pass(199);
    expect(await isPending(call)).toBe(true);
    await pass(1);
    expect(await call).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });

  it("covers the wait and every sending", async () => {
    const server = await httpServer();
    let sendings = 0;
    server.control.fault = (_request, _response, body) => methodOf(body) === "tools/list" && ++sendings > 0;
    const session = await to(server.url).connectSession();
    const pass = stopTime();
    const list = rejection(session.listTools(undefined, { timeout: 600_000 }));
    await until(() => sendings === 1);
    await pass(300_000);
    for (const socket of server.sockets) socket.destroy();
    await until(async () => {
      // The waits before it is sent again, if any.
      await pass(1);
      return sendings === 2;
    });
    expect(await isPending(list)).toBe(true);
    await pass(300_000);
    expect(await list).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect(sendings).toBe(2);
  });
});

describe("the heartbeat", () => {
  it("finds a server that answers nothing though nobody calls it", async () => {
    const server = await httpServer();
    const transport = to(server.url, { heartbeat: { intervalMs: 200 } });
    await transport.connectSession();
    await until(() => transport.status.listening === "open");
    server.control.fault = () => true;
    await until(() => transport.status.suspect);
    await transport.waitFor("connecting");
    expect(transport.status.lastError?.message).toMatch(/ping|alive|timed out|answer/i);
  });

  it("asks one that is there by the way: nobody sees a doubt", async () => {
    const server = await httpServer();
    let pings = 0;
    server.control.fault = (_request, _response, body) => {
      if (methodOf(body) === "ping") pings++;
      return false;
    };
    const transport = to(server.url, { heartbeat: { intervalMs: 100 } });
    await transport.connectSession();
    const seen = new Set<string>();
    transport.subscribe(({ detail, suspect }) => seen.add(`${detail}${suspect ? ", suspect" : ""}`));
    await until(() => pings >= 3);
    expect([...seen]).toEqual(["steady"]);
  });

  it("does not lose one that never answers a ping, because it answers something else", async () => {
    const server = await httpServer();
    let pings = 0;
    server.control.fault = (_request, _response, body) => methodOf(body) === "ping" && ++pings > 0;
    const transport = to(server.url, { heartbeat: { intervalMs: 200 } });
    const session = await transport.connectSession();
    await until(() => pings >= 2);
    expect(transport.status.epoch).toBe(1);
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "x" } }))).toBe("Echo: x");
  });

  it("suspects one that is busy with a call, and does not lose it: its machine takes connections", async () => {
    const server = await httpServer();
    const transport = to(server.url, { heartbeat: { intervalMs: 200 } });
    const session = await transport.connectSession();
    const { posts } = server.counts;
    const { open, opened } = gate();
    server.control.held = opened;
    const slow = session.callTool({ name: "held" });
    await until(() => server.counts.posts > posts);
    server.control.fault = (request) => request.method === "POST";
    await until(() => transport.status.suspect && transport.status.detail === "steady");
    open();
    expect(textOf(await slow)).toBe("let go");
    expect(transport.status.epoch).toBe(1);
  });
});

describe("a server that is reached again", () => {
  it("is compared with what it was, and the sessions hear what changed", async () => {
    let version = "1";
    const make = () => {
      const server = new McpServer({ name: "changing", version });
      const text = { content: [{ type: "text" as const, text: "x" }] };
      server.registerTool("same", {}, () => text);
      if (version === "1") server.registerTool("gone", {}, () => text);
      else server.registerTool("fresh", {}, () => text);
      server.registerTool("other", { description: `of version ${version}` }, () => text);
      if (version === "2") server.registerPrompt("hello", {}, () => ({ messages: [] }));
      last = server;
      return server;
    };
    let last: McpServer | undefined;
    const transport = closing(new MemoryTransport({ server: make }));
    const events = recorded(transport);
    const kinds: string[] = [];
    const session = await transport.connectSession({ onListChanged: ({ kind }) => kinds.push(kind) });
    await session.listTools();
    version = "2";
    await last!.close();
    await until(() => events.some(({ type }) => type === "changed"));
    expect(transport.status.lastChange).toEqual({
      server: { from: { name: "changing", version: "1" }, to: { name: "changing", version: "2" } },
      capabilities: { added: ["prompts"], removed: [] },
      lists: {
        tools: {
          added: ["fresh"],
          removed: ["gone"],
          changed: ["other"],
          fields: { other: expect.any(Array) },
        },
      },
    });
    expect(kinds).toEqual(["tools"]);
  });

  it("has its structured output checked as before, though nobody lists its tools again", async () => {
    let last: Server | undefined;
    const make = () => {
      const server = new Server({ name: "lying", version: "1" }, { capabilities: { tools: {} } });
      const outputSchema = {
        type: "object" as const,
        properties: { n: { type: "number" } },
        required: ["n"],
      };
      server.setRequestHandler(ListToolsRequestSchema, () => ({
        tools: [{ name: "n", inputSchema: { type: "object" as const }, outputSchema }],
      }));
      server.setRequestHandler(CallToolRequestSchema, () => ({
        content: [],
        structuredContent: { n: "none" },
      }));
      last = server;
      return server;
    };
    const transport = closing(new MemoryTransport({ server: make }));
    const session = await transport.connectSession();
    await session.listTools();
    const first = (await rejection(session.callTool({ name: "n" }))) as Error;
    expect(first.message).toMatch(/output schema/i);
    await last!.close();
    await until(() => transport.status.epoch === 2 && transport.status.state === "connected");
    expect(((await rejection(session.callTool({ name: "n" }))) as Error).message).toBe(first.message);
  });
});
