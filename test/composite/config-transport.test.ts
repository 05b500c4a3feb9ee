import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { HoldfastError, isHoldfastError } from "../../src/base/errors.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { ConnectionEvent } from "../../src/contract/status.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { INTERNALS } from "../../src/transports/internals.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { entries, fakeConfig, inThisProgram, UNHURRIED } from "../support/fake-config.js";
import { closing, recorded, rejection, textOf } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { temporary } from "../support/temporary.js";

const names = (list: { name: string }[]) => list.map(({ name }) => name);
/** A legacy server with these tools, each of which says who was called. */
const serverOf = (who: string, ...tools: string[]) =>
  new FakeServer(tools.map((name) => ({ name }))).on("tools/call", ({ name }) => ({
    content: [{ type: "text", text: `${who} ${name}` }],
  }));
const modern = (who: string) => () => {
  const server = new McpServer({ name: who, version: "1" });
  server.registerTool("who", {}, () => ({ content: [{ type: "text", text: who }] }));
  return server;
};
const of = <T extends ConnectionEvent["type"]>(events: ConnectionEvent[], type: T) =>
  events.filter((event) => event.type === type) as Extract<ConnectionEvent, { type: T }>[];
const warnings = (events: ConnectionEvent[]) => of(events, "warning").map(({ message }) => message);
const health = (events: ConnectionEvent[]) => of(events, "health").map((event) => event.health);
const call = (name: string) => ({ name, arguments: {} });
/** Settles with the next event that fits. */
const heard = (transport: MCPConfigTransport, fits: (event: ConnectionEvent) => boolean) =>
  new Promise<ConnectionEvent>((resolve) => {
    const stop = transport.subscribe((_status, event) => {
      if (!fits(event)) return;
      queueMicrotask(() => stop());
      resolve(event);
    });
  });

describe("a composite of servers in this program", () => {
  it("shows the tools of all, calls each at its server, and says how they are", async () => {
    const transport = fakeConfig({ a: serverOf("a", "x", "y"), b: serverOf("b", "x") });
    const events = recorded(transport);
    expect([transport.name, transport.status.kind, transport.health]).toEqual(["config", "config", "closed"]);
    expect(transport.resolveTool("a_x")).toBeUndefined();
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "a_y", "b_x"]);
      expect(textOf(await session.callTool(call("b_x")))).toBe("b x");
      expect(transport.resolveTool("a_y")).toEqual({ server: "a", name: "y" });
      expect(transport.resolveTool("none")).toBeUndefined();
      expect(transport.health).toBe("ready");
      expect(Object.entries(transport.servers).map(([name, { state }]) => [name, state])).toEqual([
        ["a", "connected"],
        ["b", "connected"],
      ]);
      expect(transport.server("a").status).toEqual(transport.servers["a"]);
    });
    await transport.waitFor("idle");
    expect(transport.health).toBe("closed");
    expect(health(events)).toEqual(["starting", "ready", "closed"]);
    expect(warnings(events)).toEqual([]);
    const fromServers = of(events, "server");
    expect(new Set(fromServers.map(({ server }) => server))).toEqual(new Set(["a", "b"]));
    expect(fromServers.map(({ event }) => event.type)).not.toContain("current");
    const error = await rejection((async () => transport.server("c"))());
    expect(isHoldfastError(error, "SERVER_UNKNOWN")).toBe(true);
    expect(error).toMatchObject({
      message: 'config: there is no server "c"; there are: a, b',
      server: "config",
    });
  });

  it("presents itself in the era of its servers, or in the one that is asked for", async () => {
    for (const [b, options, era] of [
      [modern("b"), {}, "modern"],
      [serverOf("b", "x"), {}, "legacy"],
      [serverOf("b", "x"), { era: "modern" }, "modern"],
      [modern("b"), { era: "legacy" }, "legacy"],
      [new HoldfastError("SPAWN_FAILED", "no such command", {}), {}, "legacy"],
    ] as const) {
      const transport = fakeConfig({ b, a: modern("a") }, options);
      await transport.withSession(async (session) => {
        expect(textOf(await session.callTool(call("a_who")))).toBe("a");
        expect(session.getProtocolEra()).toBe(era);
      });
    }
  });

  it("has the name that it is given, else that of its file", () => {
    const path = join(temporary(), "some.json");
    writeFileSync(path, JSON.stringify({ mcpServers: entries("a", "b") }));
    expect(closing(new MCPConfigTransport({ config: path })).name).toBe("some.json");
    expect(closing(new MCPConfigTransport({ config: path, name: "mine" })).name).toBe("mine");
    writeFileSync(path, JSON.stringify({ mcpServers: entries("one") }));
    const one = closing(new MCPConfigTransport({ config: path }));
    expect([one.name, one.status.kind]).toEqual(["one", "stdio"]);
  });

  it("names its tools by a rule of the user's own, or as they are", async () => {
    const listed = (options: object) =>
      fakeConfig({ a: serverOf("a", "x", "y"), b: serverOf("b", "x") }, options).withSession(
        async (session) => names((await session.listTools()).tools),
      );
    expect(await listed({ nameAsPrefix: false })).toEqual(["a_x", "y", "b_x"]);
    expect(await listed({ toolName: (server: string, name: string) => `${name}-of-${server}` })).toEqual([
      "x-of-a",
      "y-of-a",
      "x-of-b",
    ]);
    expect(await listed({ tools: "search" })).toEqual(["find_tools", "call_tool"]);
  });

  it("has the deadline of the server of a call, else its own", async () => {
    const config = { mcpServers: { a: { command: "a", timeout: 7_000 }, b: { command: "b" } } };
    const transport = fakeConfig(
      { a: serverOf("a", "x"), b: serverOf("b", "x") },
      { config, callTimeoutMs: 9_000 },
    );
    const deadline = (method: string, name?: string) => transport[INTERNALS].callTimeoutMs(method, name);
    expect(deadline("tools/call", "a_x")).toBe(9_000);
    await transport.withSession(async (session) => {
      await session.listTools();
      expect([deadline("tools/call", "a_x"), deadline("tools/call", "b_x")]).toEqual([7_000, 9_000]);
      expect([deadline("prompts/get", "a_x"), deadline("tools/call")]).toEqual([9_000, 9_000]);
    });
    const { a } = config.mcpServers;
    const one = closing(new MCPConfigTransport({ config: { mcpServers: { a } }, callTimeoutMs: 9_000 }));
    expect(one[INTERNALS].callTimeoutMs("prompts/get", undefined)).toBe(7_000);
  });

  it("opens with the servers that are there, and says what becomes of the others", async () => {
    const servers: Parameters<typeof fakeConfig>[0] = {
      a: serverOf("a", "x"),
      b: new HoldfastError("SPAWN_FAILED", "no such command", {}),
    };
    const transport = fakeConfig(servers);
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      expect(transport.health).toBe("degraded");
      expect(names((await session.listTools()).tools)).toEqual(["a_x"]);
      expect(String(await rejection(session.callTool(call("b_x"))))).toContain("no such command");
      servers["b"] = serverOf("b", "x");
      const ready = heard(transport, (event) => event.type === "health" && event.health === "ready");
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/tools/list_changed", () => resolve());
      });
      transport.retryNow();
      await Promise.all([ready, changed]);
      expect(textOf(await session.callTool(call("b_x")))).toBe("b x");
    });
    expect(health(events).slice(0, 3)).toEqual(["starting", "degraded", "ready"]);
  });

  it("fails where nobody is there, or one is not and that is everybody's failure", async () => {
    const none = new HoldfastError("SPAWN_FAILED", "no such command", {});
    const down = fakeConfig({ a: none, b: none }, { reconnect: false });
    expect(await rejection(down.connect())).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining(
        "2 of 2 servers could not be reached:\n  a: no such command\n  b: no such command",
      ),
    });
    const strict = fakeConfig({ a: none, b: serverOf("b", "x") }, { reconnect: false, strict: true });
    expect(await rejection(strict.connect())).toMatchObject({
      message: expect.stringContaining("1 of 2 servers could not be reached:\n  a: no such command"),
    });
    expect([down.health, strict.health]).toEqual(["closed", "closed"]);
  });

  it("is waited for by the states of its servers, too", async () => {
    const transport = fakeConfig({ a: serverOf("a", "x"), b: serverOf("b", "x") });
    const all = transport.waitFor("connected", { servers: "all" });
    const any = transport.waitFor("connected", { servers: "any" });
    await transport.server("a").connect();
    expect((await any).state).toBe("idle");
    expect(transport.server("b").status.state).toBe("idle");
    await transport.server("b").connect();
    await all;
    expect(transport.status.state).toBe("idle");
    const itself = transport.waitFor("connected");
    await transport.connect();
    expect((await itself).state).toBe("connected");
    expect(await rejection(transport.waitFor("closed", { servers: "any", timeoutMs: 1 }))).toBeInstanceOf(
      AggregateError,
    );
  });

  it("says what one server has changed, and what it logs", async () => {
    const a = serverOf("a", "x");
    const transport = fakeConfig({ a, b: serverOf("b", "x") });
    await transport.withSession(async (session) => {
      await session.listTools();
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/tools/list_changed", () => resolve());
      });
      (a.tools as { name: string }[]).push({ name: "new" });
      a.notify("notifications/tools/list_changed");
      await changed;
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "a_new", "b_x"]);
      const logged = new Promise<unknown>((resolve) => {
        session.setNotificationHandler("notifications/message", ({ params }) => resolve(params));
      });
      a.notify("notifications/message", { level: "error", logger: "db", data: "x" });
      expect(await logged).toEqual({ level: "error", logger: "a/db", data: "x" });
    });
  });

  it("is degraded while a server keeps its lists waiting, and the late list is announced", async () => {
    const late = gate();
    const a = serverOf("a", "x");
    const transport = fakeConfig({ a, b: serverOf("b", "y") }, { listWaitMs: 1 });
    a.on("tools/list", async () => {
      await late.opened;
      return { tools: [{ name: "x", inputSchema: { type: "object" } }] };
    });
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      const degraded = heard(transport, (event) => event.type === "health" && event.health === "degraded");
      const first = session.listTools();
      await degraded;
      expect(names((await first).tools)).not.toContain("a_x");
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/tools/list_changed", () => resolve());
      });
      const ready = heard(transport, (event) => event.type === "health" && event.health === "ready");
      late.open();
      await Promise.all([changed, ready]);
      expect(names((await session.listTools()).tools)).toContain("a_x");
    });
    expect(health(events)).toContain("degraded");
  });

  it("warns under its own name of what it shows otherwise than its server, once", async () => {
    const transport = fakeConfig(
      { a: serverOf("a", "x"), b: serverOf("b", "x") },
      { nameAsPrefix: false, name: "all" },
    );
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      await session.listTools();
      await session.listTools();
    });
    expect(warnings(events)).toEqual([
      'all: "x" of a is shown as a_x: "x" is offered twice, and 1 others likewise',
    ]);
  });

  it("tries at once what waits for its next attempt, when somebody says so: a server, or all together", async () => {
    const reconnect = { initial: true, baseMs: 1_000_000, capMs: 1_000_000 };
    const servers: Parameters<typeof fakeConfig>[0] = { a: serverOf("a", "x"), b: new Error("refused") };
    const transport = fakeConfig(servers, { reconnect });
    await transport.withSession(async (session) => {
      expect(transport.health).toBe("degraded");
      servers["b"] = serverOf("b", "x");
      const ready = heard(transport, (event) => event.type === "health" && event.health === "ready");
      transport.retryNow();
      await ready;
      expect(textOf(await session.callTool(call("b_x")))).toBe("b x");
    });
    const none: Parameters<typeof fakeConfig>[0] = {
      a: new HoldfastError("SPAWN_FAILED", "no such command", {}),
      b: new HoldfastError("SPAWN_FAILED", "no such command", {}),
    };
    const down = fakeConfig(none, { reconnect });
    const waits = heard(down, (event) => event.type === "transition" && event.to === "connecting.waiting");
    const connected = down.connect();
    await waits;
    Object.assign(none, { a: serverOf("a", "x"), b: serverOf("b", "x") });
    down.retryNow();
    await connected;
    expect(down.health).toBe("ready");
  });

  it("tells each credential of the other servers behind a URL, and has none itself", () => {
    const [a, b] = ["http://a.test/mcp", "ws://b.test/mcp"];
    const mcpServers = { a: { url: a, auth: "token" }, b: { url: b, auth: "token" }, c: { command: "c" } };
    const transport = closing(new MCPConfigTransport({ config: { mcpServers } }));
    expect(transport[INTERNALS].credential()).toBeUndefined();
    const others = (name: string) =>
      transport
        .server(name)
        [INTERNALS].credential()
        ?.others?.()
        .map((one) => [one.name, one.url.href]);
    expect(others("a")).toEqual([["b", "http://b.test/mcp"]]);
    expect(others("b")).toEqual([["a", "http://a.test/mcp"]]);
  });

  it("is watched by who listens to a resource, and warns of what nobody offers", async () => {
    const transport = fakeConfig({ a: modern("a"), b: modern("b") });
    await transport.withSession(async (session) => {
      const warned = heard(transport, (event) => event.type === "warning");
      await session.subscribeResource({ uri: "note://none" });
      expect(await warned).toMatchObject({
        message: 'config: no server offers the resource "note://none"',
      });
    });
  });

  it("is degraded while a server is suspect", async () => {
    const answer = gate();
    const a = serverOf("a", "x");
    const wires = inThisProgram({ a, b: serverOf("b", "x") });
    const config = { mcpServers: entries("a", "b") };
    const transport = closing(new MCPConfigTransport({ config, ...UNHURRIED }));
    await transport.withSession(async () => {
      expect(transport.health).toBe("ready");
      a.on("ping", async () => {
        await answer.opened;
        return {};
      });
      const changes = (to: string) =>
        heard(transport, (event) => event.type === "health" && event.health === to);
      const degraded = changes("degraded");
      wires.get("a")!.onDoubt?.(new Error("it is silent"));
      await degraded;
      const ready = changes("ready");
      answer.open();
      await ready;
    });
  });

  it("shows nothing of a server that ended for good", async () => {
    const transport = fakeConfig({ a: serverOf("a", "x"), b: serverOf("b", "x") });
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "b_x"]);
      const degraded = heard(transport, (event) => event.type === "health" && event.health === "degraded");
      await transport.server("a").close();
      await degraded;
      expect(names((await session.listTools()).tools)).toEqual(["b_x"]);
      expect(transport.resolveTool("a_x")).toBeUndefined();
    });
  });

  it("announces late templates as changed resources", async () => {
    const late = gate();
    const a = serverOf("a", "x");
    a.on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: { tools: {}, resources: {} },
      serverInfo: { name: "a", version: "1" },
    }));
    a.on("resources/templates/list", async () => {
      await late.opened;
      return { resourceTemplates: [{ uriTemplate: "day://{d}", name: "d" }] };
    });
    const transport = fakeConfig({ a, b: serverOf("b", "y") }, { listWaitMs: 1 });
    await transport.withSession(async (session) => {
      const degraded = heard(transport, (event) => event.type === "health" && event.health === "degraded");
      const listed = session.listResourceTemplates();
      await degraded;
      expect((await listed).resourceTemplates).toEqual([]);
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/resources/list_changed", () => resolve());
      });
      late.open();
      await changed;
    });
  });

  it("ends with all its servers, and can be forked", async () => {
    const [a, b] = [serverOf("a", "x"), serverOf("b", "x")];
    const transport = fakeConfig({ a, b });
    await transport.connect();
    const fork = closing(transport.fork());
    expect(Object.keys(fork.servers)).toEqual(["a", "b"]);
    expect(fork.server("a")).not.toBe(transport.server("a"));
    const parts = [transport.server("a"), transport.server("b")];
    await transport.close();
    expect(parts.map(({ status }) => status.state)).toEqual(["closed", "closed"]);
    expect([transport.status.state, fork.status.state]).toEqual(["closed", "idle"]);
  });
});

describe("a config of one server", () => {
  it("is that server, unprefixed", async () => {
    const transport = fakeConfig({ one: serverOf("one", "x") });
    const events = recorded(transport);
    expect([transport.name, transport.status.kind, transport.health]).toEqual(["one", "stdio", "closed"]);
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["x"]);
      expect(textOf(await session.callTool(call("x")))).toBe("one x");
      expect(transport.health).toBe("ready");
      expect(transport.servers).toEqual({ one: transport.status });
      expect(transport.server("one")).toBe(transport);
      expect(transport.resolveTool("anything")).toEqual({ server: "one", name: "anything" });
      expect((await transport.waitFor("connected", { servers: "all" })).state).toBe("connected");
    });
    expect(of(events, "server")).toEqual([]);
    // As a local process by itself does.
    expect(transport.status.state).toBe("connected");
    const error = await rejection((async () => transport.server("two"))());
    expect(error).toMatchObject({ message: 'one: there is no server "two"; there are: one' });
  });

  it("is starting, and down when it is lost", async () => {
    const held = gate();
    const one = serverOf("one", "x");
    const transport = fakeConfig({ one });
    const { open } = transport[INTERNALS];
    transport[INTERNALS].open = async (attempt) => {
      await held.opened;
      return open(attempt);
    };
    const connected = transport.connect();
    await transport.waitFor("connecting");
    expect(transport.health).toBe("starting");
    held.open();
    await connected;
    transport[INTERNALS].open = () => new MemoryWire(() => new Promise(() => {}));
    const connecting = transport.waitFor("connecting");
    await one.drop();
    await connecting;
    expect(transport.health).toBe("down");
  });

  it("keeps what the entry says of its connection, its era and its sign-in", async () => {
    const made = (server: object, options: object = {}) =>
      closing(new MCPConfigTransport({ config: { mcpServers: { one: server } }, ...options }));
    const server = { url: "http://one.test/mcp", keepAlive: true, era: "legacy", auth: "token" };
    expect(made(server)[INTERNALS].credential()).toBeDefined();
    expect(made({ url: "http://one.test/mcp" })[INTERNALS].credential()).toBeUndefined();
    expect(made(server).status.kind).toBe("http");
    expect(made({ command: "x" })[INTERNALS].credential()).toBeUndefined();
    const legacy = { command: "one", era: "legacy", keepAlive: false };
    const one = serverOf("one", "x");
    const transport = fakeConfig({ one }, { config: { mcpServers: { one: legacy } } });
    await transport.withSession((session) => session.ping());
    await transport.waitFor("idle");
    expect(
      one.received.filter((message) => "method" in message && message.method === "server/discover"),
    ).toEqual([]);
  });
});

describe("another config of servers in this program", () => {
  it("changes what changed, and tells who is there now", async () => {
    const servers = { a: serverOf("a", "x"), b: serverOf("b", "x"), c: serverOf("c", "x") };
    const config = { mcpServers: entries("a", "b") };
    const transport = fakeConfig(servers, { config });
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "b_x"]);
      const [a, b] = [transport.server("a"), transport.server("b")];
      const { epoch } = transport.status;
      await transport.setConfig({ mcpServers: { ...entries("c", "a"), b: { command: "b", timeout: 5 } } });
      expect(of(events, "servers").at(-1)?.servers).toEqual(["c", "a", "b"]);
      expect(transport.server("a")).toBe(a);
      expect(transport.server("b")).not.toBe(b);
      expect([a.status.state, b.status.state]).toEqual(["connected", "closed"]);
      expect(textOf(await session.callTool(call("c_x")))).toBe("c x");
      expect(textOf(await session.callTool(call("b_x")))).toBe("b x");
      expect(servers.a.connections).toBe(1);
      expect(servers.b.connections).toBe(2);
      expect(transport.status.epoch).toBe(epoch);
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/tools/list_changed", () => resolve());
      });
      await transport.setConfig({ mcpServers: entries("a", "c") });
      await changed;
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "c_x"]);
      expect(String(await rejection(session.callTool(call("b_x"))))).toContain(
        '"b_x" was of b, and is of nobody now',
      );
      // Whatever is wrong changes nothing.
      expect(await rejection(transport.setConfig({ mcpServers: { a: {} } }))).toMatchObject({
        code: "CONFIG_INVALID",
      });
      expect(Object.keys(transport.servers)).toEqual(["a", "c"]);
    });
  });

  it("of one server in the place of several, and back, keeps the session", async () => {
    const servers = { a: serverOf("a", "x"), b: serverOf("b", "x") };
    const transport = fakeConfig(servers);
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "b_x"]);
      await transport.setConfig({ mcpServers: entries("a") });
      expect(Object.keys(transport.servers)).toEqual(["a"]);
      expect(names((await session.listTools()).tools)).toEqual(["x"]);
      await transport.setConfig({ mcpServers: { a: { command: "a", timeout: 9_000 } } });
      expect(textOf(await session.callTool(call("x")))).toBe("a x");
      await transport.setConfig({ mcpServers: { ...entries("a"), b: { command: "b" } } });
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "b_x"]);
      await transport.setConfig({ mcpServers: { a: { command: "a", deny: ["y"] } } });
      expect(names((await session.listTools()).tools)).toEqual(["x"]);
    });
  });

  it("of the same one server changes nothing, and of another entry for it begins anew", async () => {
    const one = serverOf("one", "x");
    const transport = fakeConfig({ one });
    await transport.withSession(async (session) => {
      await session.ping();
      await transport.setConfig({ mcpServers: entries("one") });
      expect([transport.status.state, transport.status.epoch]).toEqual(["connected", 1]);
      await transport.setConfig({ mcpServers: { one: { command: "one", timeout: 9_000 } } });
      expect(transport.status.state).not.toBe("connected");
      await session.ping();
      expect(one.connections).toBe(2);
    });
  });

  it("that says something else of all of them restarts none", async () => {
    const servers = { a: serverOf("a", "x", "y"), b: serverOf("b", "x") };
    const transport = fakeConfig(servers);
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toHaveLength(3);
      const changed = new Promise<void>((resolve) => {
        session.setNotificationHandler("notifications/tools/list_changed", () => resolve());
      });
      await transport.setConfig({ mcpServers: entries("a", "b"), deny: ["a_y"] });
      await changed;
      expect(names((await session.listTools()).tools)).toEqual(["a_x", "b_x"]);
      expect([servers.a.connections, servers.b.connections]).toEqual([1, 1]);
    });
  });

  it("of a file is followed, and a wrong one changes nothing", async () => {
    const path = join(temporary(), "mcp.json");
    const write = (text: string) => writeFileSync(path, text);
    write(JSON.stringify({ mcpServers: entries("a", "b") }));
    inThisProgram({});
    const transport = closing(new MCPConfigTransport({ config: path, watch: true, ...UNHURRIED }));
    const added = heard(transport, (event) => event.type === "servers");
    write(JSON.stringify({ mcpServers: entries("a", "b", "c") }));
    expect(await added).toMatchObject({ servers: ["a", "b", "c"] });
    const wrong = heard(transport, (event) => event.type === "warning");
    write("{");
    expect(await wrong).toMatchObject({
      message: expect.stringMatching(/^mcp\.json: the last good config stays: .*mcp\.json/),
    });
    expect(Object.keys(transport.servers)).toEqual(["a", "b", "c"]);
    await transport.close();
  });
});
