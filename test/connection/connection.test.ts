import { McpServer } from "@modelcontextprotocol/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionEvent } from "../../src/contract/status.js";
import { FakeServer, inject } from "../../src/testing/index.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, recorded, rejection } from "../support/fixtures.js";
import { isPending, quiet, settled, until } from "../support/settling.js";

// Retries come as late as they may.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.999_999));
afterEach(() => void vi.restoreAllMocks());

const never = () => new Promise(() => {});
const tools = [{ name: "read", annotations: { readOnlyHint: true } }, { name: "write" }];

function fake(options: Parameters<FakeServer["transport"]>[0] = {}, server = new FakeServer(tools)) {
  const transport = closing(server.transport(options));
  const events = recorded(transport);
  const moves = () =>
    events.flatMap((event) => (event.type === "transition" ? [`${event.from} > ${event.to}`] : []));
  const methods = () => server.received.flatMap((message) => ("method" in message ? [message.method] : []));
  return { server, transport, events, moves, methods };
}

const transitions = (events: ConnectionEvent[]) =>
  events.filter((event) => event.type === "transition") as Extract<ConnectionEvent, { type: "transition" }>[];

describe("the picture of a connection", () => {
  it("says all that is known, from nothing to a session", async () => {
    const pass = stopTime();
    const { transport } = fake();
    const before = transport.status;
    expect(before).toEqual({
      name: "fake",
      kind: "fake",
      state: "idle",
      detail: undefined,
      recovering: false,
      listening: undefined,
      suspect: false,
      epoch: 0,
      attempt: 0,
      nextRetryAt: undefined,
      lastError: undefined,
      authorizing: undefined,
      since: expect.any(Number),
      server: undefined,
      era: undefined,
      protocolVersion: undefined,
      pid: undefined,
      sessionId: undefined,
      lastChange: undefined,
      leases: 0,
      inFlight: 0,
    });
    await pass(1_000);
    const session = await transport.connectSession();
    const { since } = transport.status;
    expect(transport.status).toMatchObject({
      state: "connected",
      detail: "steady",
      listening: "open",
      epoch: 1,
      server: { name: "fake", version: "1" },
      era: "legacy",
      protocolVersion: "2025-11-25",
      leases: 1,
      inFlight: 0,
    });
    expect(since).toBe(before.since + 1_000);
    await pass(500);
    expect(transport.status.since).toBe(since);
    await session.close();
    await transport.waitFor("idle");
    expect(transport.status).toMatchObject({ leases: 0, state: "idle", server: undefined, era: undefined });
    expect(transport.status.since).toBe(since + 500);
  });

  it("tells each step with its cause, its error and the wait that follows", async () => {
    const { transport, events } = fake({ reconnect: { initial: true, baseMs: 1_000 } });
    inject(transport, { attempts: [{ opens: "refused" }, { opens: "refused" }] });
    const pass = stopTime();
    const opening = transport.connectSession();
    await pass(0);
    expect(transport.status).toMatchObject({ state: "connecting", detail: "waiting", attempt: 2 });
    const { nextRetryAt, since } = transport.status;
    await pass(999);
    await opening;
    const error = { code: "CONNECT_FAILED", message: "the test kit refused the connection" };
    expect(transitions(events)).toMatchObject([
      { from: "idle", to: "connecting.opening", epoch: 1, attempt: 1 },
      { to: "connecting.waiting", epoch: 1, delayMs: 0, error },
      { to: "connecting.opening", epoch: 2, attempt: 2, error },
      { to: "connecting.waiting", epoch: 2, delayMs: expect.closeTo(1_000, 0), error },
      { to: "connecting.opening", epoch: 3 },
      { to: "connected.steady", epoch: 3 },
    ]);
    expect(nextRetryAt! - since).toBeCloseTo(1_000, 0);
    const [first, second] = transitions(events);
    expect(first).not.toHaveProperty("delayMs");
    expect(first).not.toHaveProperty("error");
    expect(first!.cause).not.toBe(second!.cause);
    expect(events.every(({ at }) => Number.isFinite(at))).toBe(true);
  });
});

describe("a connection that is over", () => {
  it("failed, where it could not be reached: those who wait hear of it, then everybody", async () => {
    const { transport, moves } = fake({ reconnect: false });
    inject(transport, { attempts: [{ opens: "refused" }] });
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({
      code: "CONNECT_FAILED",
      message: "fake: the test kit refused the connection",
      server: "fake",
    });
    expect(moves()).toEqual([
      "idle > connecting.opening",
      "connecting.opening > disconnecting",
      "disconnecting > closed",
    ]);
  });

  it("ends its sessions with why: it was closed, it failed, it gave up", async () => {
    const closed = fake();
    const session = await closed.transport.connectSession();
    await closed.transport.close();
    expect(await rejection(session.ping())).toMatchObject({
      code: "SESSION_CLOSED",
      message: "fake: the session ended with its transport",
      cause: { code: "TRANSPORT_CLOSED", message: "fake: the transport was closed" },
    });
    const failed = fake({ reconnect: false });
    const lost = await failed.transport.connectSession();
    await failed.server.drop();
    await failed.transport.waitFor("closed");
    expect(await rejection(lost.ping())).toMatchObject({
      code: "TRANSPORT_CLOSED",
      message: expect.stringMatching(
        /^fake: the transport (failed|gave up) \(fake: the server closed the connection\)$/,
      ),
      cause: { code: "CONNECTION_LOST" },
    });
  });

  it("says how long it waited where nobody answered", async () => {
    const server = new FakeServer().on("initialize", never);
    const { transport } = fake({ connectTimeoutMs: 1_000, reconnect: false }, server);
    const pass = stopTime();
    const opening = rejection(transport.connectSession());
    await pass(999);
    expect(await isPending(opening)).toBe(true);
    await pass(1);
    expect(await opening).toMatchObject({
      code: "CONNECT_TIMEOUT",
      timeoutMs: 1_000,
      message: "fake: not ready within 1000 ms",
    });
  });
});

describe("what waits for a connection", () => {
  it("is told when it is let go, and may ask again", async () => {
    const { transport, server } = fake();
    server.on("initialize", never);
    const opening = rejection(transport.connectSession());
    await settled();
    await transport.disconnect();
    expect(await opening).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-sent" });
    expect(transport.status).toMatchObject({ state: "idle", leases: 0 });
  });

  it("lets the connection go where it gives up", async () => {
    const { transport } = fake({}, new FakeServer().on("initialize", never));
    const over = new AbortController();
    const opening = rejection(transport.connectSession({ signal: over.signal }));
    await settled();
    expect(transport.status).toMatchObject({ state: "connecting", leases: 1 });
    over.abort("enough");
    expect(await opening).toBe("enough");
    await transport.waitFor("idle");
    expect(transport.status.leases).toBe(0);
  });

  it("a call of a session whose connection was lost waits for the next, in its time", async () => {
    const { transport, server } = fake({ maxQueued: 1, reconnect: { baseMs: 1_000 } });
    const session = await transport.connectSession();
    server.on("initialize", never);
    await server.drop();
    const call = rejection(session.ping({ timeout: 50 }));
    await settled();
    expect(await rejection(session.ping())).toMatchObject({ code: "QUEUE_FULL", maxQueued: 1 });
    expect(await call).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });
});

describe("a wire that is lost", () => {
  it("is replaced; what was on its way is told, what only reads goes again", async () => {
    const { transport, server, events, moves } = fake();
    const session = await transport.connectSession();
    await session.listTools();
    server.on("tools/call", never);
    const write = rejection(session.callTool({ name: "write" }));
    const read = session.callTool({ name: "read" });
    await settled();
    expect(transport.status.inFlight).toBe(2);
    server.on("tools/call", () => ({ content: [] }));
    await server.drop();
    expect(await write).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(await read).toEqual({ content: [] });
    expect(transport.status).toMatchObject({ epoch: 2, state: "connected" });
    expect(moves()).toContain("connected.steady > connecting.waiting");
    expect(events.filter(({ type }) => type === "request.resent")).toMatchObject([{ name: "read" }]);
    const lost = transitions(events).find(({ to }) => to === "connecting.waiting");
    expect(lost!.error).toMatchObject({
      code: "CONNECTION_LOST",
      message: "the server closed the connection",
    });
  });

  it("is compared with what it was: the sessions hear what changed, the status keeps it", async () => {
    const server = new FakeServer([...tools]);
    const { transport, events } = fake({}, server);
    const heard: string[] = [];
    const session = await transport.connectSession({ onNotification: ({ method }) => heard.push(method) });
    await session.listTools();
    (server.tools as { name: string }[]).push({ name: "fresh" });
    await server.drop();
    await transport.waitFor("connected");
    await quiet();
    expect(transport.status.lastChange).toMatchObject({ lists: { tools: { added: ["fresh"] } } });
    expect(heard).toEqual(["notifications/tools/list_changed"]);
    expect(events.filter(({ type }) => type === "changed")).toMatchObject([
      { epoch: 2, change: transport.status.lastChange },
    ]);
  });

  it("tells the sessions what the comparison failed of, where it is still open", async () => {
    const { transport, server } = fake();
    const errors: string[] = [];
    const session = await transport.connectSession({ onError: (error) => errors.push(error.message) });
    await session.listTools();
    server.on("tools/list", () => {
      throw new Error("out of order");
    });
    await server.drop();
    await transport.waitFor("connected");
    await quiet();
    expect(errors.join()).toContain("out of order");
  });
});

describe("a connection that falls silent", () => {
  const silent = async () => {
    const rig = fake({ heartbeat: { intervalMs: 30_000 } });
    const pass = stopTime();
    const session = await rig.transport.connectSession();
    return { ...rig, pass, session };
  };

  it("is asked by the way, and suspected once it does not answer for two seconds", async () => {
    const { transport, server, pass, moves } = await silent();
    const asked: string[] = [];
    let answer = () => {};
    server.on("ping", () => {
      asked.push("ping");
      return never();
    });
    server.on("holdfast/alive", () => {
      asked.push("alive");
      return new Promise((resolve) => (answer = () => resolve({})));
    });
    await pass(29_999);
    expect(asked).toEqual([]);
    await pass(1_999);
    expect(asked).toEqual(["ping"]);
    await pass(1);
    expect(transport.status).toMatchObject({ detail: "steady", suspect: false });
    await pass(1);
    expect(transport.status).toMatchObject({ detail: "probing", suspect: true });
    expect(asked).toEqual(["ping", "alive"]);
    answer();
    await pass(0);
    expect(transport.status).toMatchObject({ detail: "steady", suspect: false, epoch: 1 });
    expect(moves().slice(-2)).toEqual([
      "connected.steady > connected.probing",
      "connected.probing > connected.steady",
    ]);
  });

  it("and answers nothing is replaced", async () => {
    const { transport, server, pass } = await silent();
    server.on("ping", never).on("holdfast/alive", never);
    await pass(30_000);
    await pass(3_999);
    expect(transport.status).toMatchObject({ detail: "probing", epoch: 1 });
    await pass(1);
    await until(async () => {
      await pass(1);
      return transport.status.state === "connected";
    });
    expect(transport.status).toMatchObject({ epoch: 2, suspect: false });
  });
});

describe("the sessions of a connection", () => {
  const agent = { name: "agent", version: "1" };

  it("share a handshake, and one that needs another must fork", async () => {
    const { transport } = fake();
    const session = await transport.connectSession({ clientInfo: agent });
    await transport.withSession(() => expect(transport.status.leases).toBe(2));
    expect(await rejection(transport.connectSession({ roots: [] }))).toMatchObject({
      code: "SESSION_CONFLICT",
      message: expect.stringContaining("capabilities that were not declared (roots)"),
    });
    expect(transport.status).toMatchObject({ epoch: 1, leases: 1 });
    await session.close();
  });

  it("make a connection that nobody else holds anew, pinned as it was", async () => {
    const { transport, server } = fake();
    await transport.connect();
    await transport.withSession(() => expect(transport.status.epoch).toBe(2), { clientInfo: agent });
    const infos = server.received.flatMap((m) =>
      "method" in m && m.method === "initialize"
        ? [(m.params as { clientInfo: { name: string } }).clientInfo.name]
        : [],
    );
    expect(infos).toEqual(["holdfast", "agent"]);
    expect(transport.status).toMatchObject({ state: "connected", leases: 0 });
    await transport.disconnect();
    // What the last handshake fixed counts while it lives, and no longer.
    await transport.withSession(() => {}, { roots: [] });
    expect(transport.status.epoch).toBe(3);
  });

  it("have their calls withdrawn with their end, and the others theirs answered", async () => {
    const { transport, server } = fake();
    const [one, other] = [await transport.connectSession(), await transport.connectSession()];
    server.on("tools/call", never);
    const call = rejection(one.callTool({ name: "write" }));
    const kept = rejection(other.callTool({ name: "write" }));
    await settled();
    await one.close();
    expect(await call).toMatchObject({ code: "SESSION_CLOSED" });
    await settled();
    expect(transport.status).toMatchObject({ leases: 1, inFlight: 1 });
    expect(
      server.received.filter((m) => "method" in m && m.method === "notifications/cancelled"),
    ).toMatchObject([{ params: { reason: "the session ended" } }]);
    expect(await isPending(kept)).toBe(true);
    await transport.close();
    expect(await kept).toMatchObject({ code: "SESSION_CLOSED" });
  });

  it("set the level of the log when they come, if the server has one", async () => {
    const server = new FakeServer(tools).on("logging/setLevel", () => ({}));
    const { transport } = fake({}, server);
    await transport.connectSession();
    const levels = () =>
      server.received.flatMap((m) =>
        "method" in m && m.method === "logging/setLevel" ? [m.params!["level"]] : [],
      );
    await settled();
    expect(levels()).toEqual([]);
    await transport.connectSession({ onLog: () => {}, logLevel: "warning" });
    await quiet();
    expect(levels()).toEqual(["warning"]);
    await transport.connectSession({ onLog: () => {}, logLevel: "debug" });
    await quiet();
    expect(levels()).toEqual(["warning", "debug"]);
    // It fails for one of them: that one is told.
    const errors: Error[] = [];
    server.on("logging/setLevel", () => {
      throw new Error("no level");
    });
    await transport.connectSession({
      onLog: () => {},
      logLevel: "info",
      onError: (error) => errors.push(error),
    });
    await quiet();
    expect(errors.map(({ message }) => message).join()).toContain("no level");
    const mute = new FakeServer(tools).on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "mute", version: "1" },
    }));
    await fake({}, mute).transport.connectSession({ onLog: () => {}, logLevel: "info" });
    await quiet();
    expect(mute.received.some((m) => "method" in m && m.method === "logging/setLevel")).toBe(false);
  });

  it("hear what a server says that can be used in part only, as a warning with its name", async () => {
    const { transport, server, events } = fake();
    const session = await transport.connectSession();
    const outputSchema = { type: "object", properties: { n: { type: "nonsense" } } };
    server.on("tools/list", () => ({
      tools: [{ name: "odd", inputSchema: { type: "object" }, outputSchema }],
    }));
    server.on("tools/call", () => ({ content: [], structuredContent: { n: 1 } }));
    await session.listTools();
    expect(await session.callTool({ name: "odd" })).toMatchObject({ structuredContent: { n: 1 } });
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings).toEqual([expect.stringMatching(/^fake: an output schema is not checked: .*nonsense/)]);
  });

  it("hear each notification once: of a list that changed when it was read again, of all else at once", async () => {
    const { transport, server, methods } = fake();
    const heard: string[] = [];
    const session = await transport.connectSession({ onNotification: ({ method }) => heard.push(method) });
    await session.listTools();
    server.notify("notifications/resources/updated", { uri: "note://a" });
    await quiet();
    expect(heard).toEqual(["notifications/resources/updated"]);
    server.notify("notifications/tools/list_changed");
    await quiet();
    expect(heard.slice(1)).toEqual(["notifications/tools/list_changed"]);
    expect(methods().filter((method) => method === "tools/list")).toHaveLength(2);
  });

  it("are not asked where several could be meant, with a warning", async () => {
    const { transport, server, events } = fake();
    const asked = vi.fn(() => "an answer");
    for (let i = 0; i < 2; i++) await transport.connectSession({ sampling: () => asked() });
    server.say({
      jsonrpc: "2.0",
      id: 77,
      method: "sampling/createMessage",
      params: { messages: [], maxTokens: 1 },
    });
    await quiet();
    expect(asked).not.toHaveBeenCalled();
    expect(events.filter(({ type }) => type === "warning")).toMatchObject([
      { message: expect.stringMatching(/^fake asked sampling\/createMessage/) },
    ]);
  });

  it.each([
    [6_000, 3_000],
    [30_000, 5_000],
  ])(
    "with %i ms to connect have %i ms to declare again what a new epoch must know",
    async (connectTimeoutMs, ms) => {
      const { transport, server } = fake({ connectTimeoutMs });
      server.on("initialize", () => ({
        protocolVersion: "2025-11-25",
        capabilities: { resources: { subscribe: true } },
        serverInfo: { name: "fake", version: "1" },
      }));
      server.on("resources/subscribe", () => ({}));
      const errors: Error[] = [];
      const session = await transport.connectSession({ onError: (error) => errors.push(error) });
      await session.subscribeResource({ uri: "note://a" });
      server.on("resources/subscribe", never);
      const pass = stopTime();
      await server.drop();
      while (transport.status.epoch === 1) await pass(1);
      await quiet();
      await pass(ms - 1);
      expect(transport.status).toMatchObject({ state: "connecting", epoch: 2 });
      expect(errors).toEqual([]);
      await pass(1);
      expect(transport.status).toMatchObject({ state: "connected", epoch: 2 });
      expect(errors).toHaveLength(1);
    },
  );
});

describe("the stream of a modern server", () => {
  it("is told of when it opens, and shown", async () => {
    const make = () => {
      const server = new McpServer({ name: "new", version: "1" });
      server.registerTool("echo", {}, () => ({ content: [] }));
      return server;
    };
    const transport = closing(new MemoryTransport({ server: make }));
    const events = recorded(transport);
    await transport.connectSession();
    await until(() => transport.status.listening === "open");
    expect(events.filter(({ type }) => type === "listening")).toMatchObject([
      { epoch: 1, listening: "open" },
    ]);
  });
});
