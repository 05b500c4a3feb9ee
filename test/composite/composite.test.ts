import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { type HoldfastError, isHoldfastError } from "../../src/base/errors.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import { readText } from "../../src/config/load.js";
import { fromText } from "../../src/config/syntax.js";
import type { SessionOptions } from "../../src/contract/session.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { everything, everythingHttp, freePort } from "../support/everything.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, fixture, lives, recorded, rejection, textOf, until } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";

const node = process.execPath;
const legacy = { command: node, args: [fixture("stdio-server.mjs")] };
const modern = { command: node, args: [fixture("modern-server.mjs")] };
const dead = { command: "no-such-command-anywhere" };

const composite = (mcpServers: Record<string, object>, options: Partial<MCPConfigTransportOptions> = {}) =>
  closing(new MCPConfigTransport({ config: { mcpServers }, ...options }));
const names = (list: { name: string }[]) => list.map(({ name }) => name);
const call = (name: string, args: Record<string, unknown> = {}) => ({ name, arguments: args });

describe("many servers, one client", () => {
  it("shows everything under the servers' names, and finds its way back", async () => {
    const transport = composite({ one: legacy, two: modern });
    await transport.withSession(async (session) => {
      const { tools } = await session.listTools();
      expect(names(tools)).toEqual(expect.arrayContaining(["one_echo", "two_echo"]));
      expect(names(tools).indexOf("two_echo")).toBeGreaterThan(names(tools).indexOf("one_touch"));
      expect(textOf(await session.callTool(call("one_echo", { message: "a" })))).toBe("Echo: a");
      expect(textOf(await session.callTool(call("two_echo", { message: "b" })))).toBe("Echo: b");
      expect(names((await session.listPrompts()).prompts)).toEqual(["one_greet"]);
      const prompt = await session.getPrompt({ name: "one_greet", arguments: { name: "Ada" } });
      expect(prompt.messages[0]!.content).toMatchObject({ text: "Greet Ada" });
      const uris = (await session.listResources()).resources.map(({ uri }) => uri);
      expect(uris).toEqual(["note://one/one", "note://two/one"]);
      for (const uri of uris)
        expect((await session.readResource({ uri })).contents).toMatchObject([{ uri, text: "a note" }]);
      const progress: number[] = [];
      await session.callTool(call("two_count", { steps: 3, ms: 1 }), {
        onprogress: (p) => progress.push(p.progress),
      });
      expect(progress).toEqual([1, 2, 3]);
      expect(session.getInstructions()).toBe("# one\n\n> be kind");
      expect(transport.resolveTool("two_echo")).toEqual({ server: "two", name: "echo" });
      expect(transport.resolveTool("nothing")).toBeUndefined();
      expect(transport.health).toBe("ready");
      expect(Object.keys(transport.servers)).toEqual(["one", "two"]);
      await transport.server("two").withSession(async (own) => {
        expect(names((await own.listTools()).tools)).toContain("echo");
      });
      expect(
        isHoldfastError(
          thrown(() => transport.server("three")),
          "SERVER_UNKNOWN",
        ),
      ).toBe(true);
      expect(await rejection(session.callTool(call("three_echo")))).toMatchObject({
        message: expect.stringContaining('no server offers the tool "three_echo"'),
      });
    });
  });

  it("maps the URIs in results, completes, and passes _meta both ways", async () => {
    const transport = composite({ all: { command: node, args: [everything, "stdio"] }, one: legacy });
    await transport.withSession(async (session) => {
      await session.listTools();
      const links = await session.callTool(call("all_get-resource-links", { count: 2 }));
      const uri = links.content.flatMap((block) => (block.type === "resource_link" ? [block.uri] : []))[0]!;
      expect(uri).toMatch(/^demo:\/\/all\/resource\//);
      expect((await session.readResource({ uri })).contents[0]!.uri).toBe(uri);
      const embedded = await session.callTool(
        call("all_get-resource-reference", { resourceType: "Text", resourceId: 1 }),
      );
      const block = embedded.content.find((b) => b.type === "resource");
      expect(block?.resource.uri).toMatch(/^demo:\/\/all\/resource\//);
      const { resourceTemplates } = await session.listResourceTemplates();
      expect(resourceTemplates.map((t) => t.uriTemplate)).toContain(
        "demo://all/resource/dynamic/text/{resourceId}",
      );
      const { completion } = await session.complete({
        ref: { type: "ref/prompt", name: "all_completable-prompt" },
        argument: { name: "department", value: "E" },
      });
      expect(completion.values).toContain("Engineering");
    });
  });

  it("can do without prefixes, or with another rule", async () => {
    const transport = composite({ one: legacy, two: modern }, { nameAsPrefix: false });
    const warnings = recorded(transport);
    await transport.withSession(async (session) => {
      const { tools } = await session.listTools();
      expect(names(tools)).toEqual(expect.arrayContaining(["one_echo", "two_echo", "write"]));
      expect(names(tools)).not.toContain("echo");
      expect(tools.find(({ name }) => name === "two_echo")?._meta).toMatchObject({
        holdfast: { server: "two", name: "echo" },
      });
      expect(transport.resolveTool("two_echo")).toEqual({ server: "two", name: "echo" });
      expect(transport.resolveTool("echo")).toBeUndefined();
      expect(await rejection(session.callTool(call("echo", { message: "x" })))).toMatchObject({
        message: expect.stringContaining('"echo" is offered by one and two: ask for one_echo or two_echo'),
      });
      expect(textOf(await session.callTool(call("two_echo", { message: "x" })))).toBe("Echo: x");
      const uris = (await session.listResources()).resources.map(({ uri }) => uri);
      expect(uris).toEqual(["holdfast://one/%3Annote://one", "holdfast://two/%3Annote://one"]);
      for (const uri of uris)
        expect((await session.readResource({ uri })).contents).toMatchObject([{ uri, text: "a note" }]);
      expect(await rejection(session.readResource({ uri: "note://one" }))).toMatchObject({
        message: expect.stringContaining('"note://one" is offered by one and two'),
      });
      expect(warnings.some((e) => e.type === "warning" && e.message.includes("is shown as one_echo"))).toBe(
        true,
      );
    });
    const ruled = composite(
      { one: legacy, two: modern },
      { toolName: (server, tool) => `${tool}.${server}` },
    );
    await ruled.withSession(async (session) => {
      expect(textOf(await session.callTool(call("echo.two", { message: "x" })))).toBe("Echo: x");
    });
  });
});

describe("a server asks, in all four pairs of eras", () => {
  for (const era of ["legacy", "modern"] as const)
    for (const server of ["legacy", "modern"] as const)
      it(`a ${server} server asks a ${era} client`, async () => {
        const transport = composite(
          {
            one: { ...(server === "legacy" ? legacy : modern), era: server },
            other: { ...legacy, era: "legacy" },
          },
          { era },
        );
        const asking = new Set<string>();
        const options: SessionOptions = {
          elicitation: (_params, ctx) => {
            asking.add(ctx.server);
            return { name: "Ada" };
          },
          sampling: () => "sampled",
          roots: ["/tmp/canary"],
        };
        await transport.withSession(async (session) => {
          expect(session.getProtocolEra()).toBe(era);
          const ask = async (what: string) => textOf(await session.callTool(call("one_ask", { what })));
          expect(await ask("elicitation")).toContain('"Ada"');
          expect(await ask("sampling")).toContain("sampled");
          expect(await ask("roots")).toContain("/tmp/canary");
          // Two at once do not get each other's answers mixed up.
          const both = await Promise.all([
            ask("elicitation"),
            session.callTool(call("one_echo", { message: "x" })),
          ]);
          expect(both[0]).toContain('"Ada"');
          expect([...asking]).toEqual(["one"]);
        }, options);
      });

  it("and a client that has no handler is not asked", async () => {
    const transport = composite({ one: legacy, two: modern });
    await transport.withSession(async (session) => {
      const result = await session.callTool(call("one_ask", { what: "elicitation" }));
      expect(result.isError).toBe(true);
    });
  });
});

describe("what the servers say by themselves", () => {
  for (const era of ["legacy", "modern"] as const)
    it(`reaches a ${era} client: logs with the server's name, updates, changed lists`, async () => {
      const logs: unknown[] = [];
      const seen: { method: string; params?: unknown }[] = [];
      const each = { ...legacy, era: "legacy" };
      const transport = composite({ one: each, two: each }, { era });
      await transport.withSession(
        async (session) => {
          if (era === "legacy") await session.setLoggingLevel("debug");
          await session.callTool(call("one_log", { level: "info" }));
          await until(() => logs.length > 0);
          expect(logs[0]).toMatchObject({ level: "info", data: "a info line", logger: "one" });
          await session.subscribeResource({ uri: "note://one/one" });
          await until(
            async () => textOf(await session.callTool(call("one_subscriptions"))) === '["note://one"]',
          );
          await session.callTool(call("one_touch", { uri: "note://one" }));
          await until(() => seen.some(({ method }) => method === "notifications/resources/updated"));
          expect(
            seen.find(({ method }) => method === "notifications/resources/updated")?.params,
          ).toMatchObject({
            uri: "note://one/one",
          });
          await session.unsubscribeResource({ uri: "note://one/one" });
          await until(async () => textOf(await session.callTool(call("one_subscriptions"))) === "[]");
          await session.callTool(call("two_grow"));
          await until(() => seen.some(({ method }) => method === "notifications/tools/list_changed"));
          expect(names((await session.listTools()).tools).some((name) => name.startsWith("two_grown-"))).toBe(
            true,
          );
        },
        { onLog: (message) => logs.push(message), onNotification: (n) => seen.push(n as never) },
      );
    });
});

describe("one server of many", () => {
  it("of examples/mcp.json that is down or very slow takes nobody down; the late one joins with a changed list", async () => {
    const port = await freePort();
    const socket = await serveWebSockets(makeServer);
    onTestFinished(() => socket.close());
    const sse = await everythingHttp(undefined, "sse");
    const example = fileURLToPath(new URL("../../examples/mcp.json", import.meta.url));
    const { mcpServers } = fromText(readText(example), example) as { mcpServers: Record<string, object> };
    const slow = { command: "sleep", args: ["100"] };
    const transport = composite(
      { ...mcpServers, slow },
      {
        startTimeoutMs: 3_000,
        variables: {
          PORT: String(port),
          SSE_PORT: String(sse.port),
          WS_PORT: String(new URL(socket.url).port),
          WS_TOKEN: socket.token!,
          PYTHON: "no-python-here",
        },
      },
    );
    const changes: string[] = [];
    const session = await transport.connectSession({ onListChanged: ({ kind }) => changes.push(kind) });
    expect(transport.health).toBe("degraded");
    const calls = ["everything_echo", "socket_echo", "legacy_echo"].map((name) =>
      session.callTool(call(name, { message: "hi" })),
    );
    for (const result of await Promise.all(calls)) expect(textOf(result)).toBe("Echo: hi");
    expect(transport.servers["python"]).toMatchObject({
      state: "closed",
      lastError: { code: "SPAWN_FAILED" },
    });
    expect(transport.servers["slow"]).toMatchObject({ state: "connecting", detail: "opening" });
    expect(transport.servers["remote"]).toMatchObject({
      state: "connecting",
      lastError: { code: "CONNECT_FAILED" },
    });
    expect(names((await session.listTools()).tools).some((name) => name.startsWith("remote_"))).toBe(false);
    const late = await everythingHttp(port);
    transport.server("remote").retryNow();
    await until(() => changes.includes("tools"));
    expect(textOf(await session.callTool(call("remote_echo", { message: "now" })))).toBe("Echo: now");
    expect(names((await session.listTools()).tools)).toContain("remote_echo");
    await transport.close();
    await late.stop();
    await sse.stop();
  });

  it("that is killed changes no sibling, and its calls wait for it", async () => {
    const transport = composite({ a: legacy, b: legacy, c: modern });
    const session = await transport.connectSession();
    const before = transport.servers;
    const running = session.callTool(call("b_count", { steps: 1, ms: 400 }));
    process.kill(before["a"]!.pid!, "SIGKILL");
    await transport.server("a").waitFor("connecting");
    expect(textOf(await session.callTool(call("a_echo", { message: "again" })))).toBe("Echo: again");
    expect(textOf(await running)).toBe("counted");
    expect(transport.servers["a"]!.epoch).toBe(2);
    for (const name of ["b", "c"])
      expect(transport.servers[name]).toMatchObject({ pid: before[name]!.pid, epoch: 1, state: "connected" });
    expect(transport.status.epoch).toBe(1);
  });

  it("that is down lets a call wait until its deadline, and then says which server and why", async () => {
    const port = await freePort();
    const transport = composite({ up: legacy, down: { url: `http://127.0.0.1:${port}/mcp` } });
    const session = await transport.connectSession();
    // A busy machine may need longer for the first attempt than the call's deadline allows.
    await until(() => transport.servers["down"]!.lastError !== undefined);
    const error = (await rejection(session.callTool(call("down_echo"), { timeout: 400 }))) as Error;
    expect(error.message).toMatch(/down was (waiting|opening), attempt \d+: connect ECONNREFUSED/);
    const waiting = session.callTool(call("down_echo", { message: "at last" }), { timeout: 20_000 });
    await httpServer({ port });
    transport.retryNow();
    expect(textOf(await waiting)).toBe("Echo: at last");
  });

  it("that loses a call says so as it would by itself: the outcome, the server, nothing twice", async () => {
    // A busy machine may start a server again for longer than a list waits.
    const transport = composite({ a: legacy, b: legacy }, { listWaitMs: 120_000 });
    const session = await transport.connectSession();
    // What is in flight afterwards is the call, and no list.
    await session.listTools();
    const { pid } = transport.servers["a"]!;
    const lost = rejection(session.callTool(call("a_never")));
    await until(() => transport.servers["a"]!.inFlight > 0);
    process.kill(pid!, "SIGKILL");
    expect(await lost).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", server: "a" });
    await transport.server("a").waitFor("connected");
    const events = recorded(transport);
    process.kill(transport.servers["b"]!.pid!, "SIGSTOP");
    const list = session.listPrompts();
    await until(() => transport.servers["b"]!.inFlight > 0);
    process.kill(transport.servers["b"]!.pid!, "SIGKILL");
    expect((await list).prompts.length).toBe(2);
    expect(events.some((e) => e.type === "server" && e.event.type === "request.resent")).toBe(true);
  });

  it("that failed for good is started anew by retryNow", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-fleet-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const command = join(directory, "server");
    const transport = composite({ a: legacy, b: { command, env: { PATH: process.env["PATH"]! } } });
    const session = await transport.connectSession();
    expect(transport.servers["b"]!.state).toBe("closed");
    writeFileSync(command, `#!/bin/sh\nexec ${node} ${fixture("stdio-server.mjs")}\n`, { mode: 0o755 });
    transport.retryNow();
    await until(() => transport.servers["b"]!.state === "connected");
    expect(textOf(await session.callTool(call("b_echo", { message: "x" })))).toBe("Echo: x");
  });

  it("is everybody's failure only where that is asked for, or where none is left", async () => {
    const strict = composite({ a: legacy, b: dead }, { strict: true });
    const one = (await rejection(strict.connectSession())) as HoldfastError;
    expect(one.message).toMatch(/1 of 2 servers could not be reached:\n {2}b: .*was not found/);
    const none = (await rejection(composite({ a: dead, b: dead }).connectSession())) as HoldfastError;
    expect(none).toMatchObject({ code: "CONNECT_FAILED" });
    expect(none.message).toMatch(/2 of 2 servers could not be reached:\n {2}a: .*\n {2}b: /);
  });
});

describe("one server alone", () => {
  it("is reached directly, without a prefix and without a gateway", async () => {
    const transport = composite({ only: legacy });
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toContain("echo");
      expect(session.getServerVersion()?.name).toBe("fixture");
      expect(transport.status).toMatchObject({ kind: "stdio", name: "only" });
      expect(transport.server("only")).toBe(transport);
      expect(transport.resolveTool("echo")).toEqual({ server: "only", name: "echo" });
    });
    expect(transport.status.state).toBe("connected");
    expect(transport.health).toBe("ready");
  });

  it("with transforms or tags goes through the gateway, still without a prefix", async () => {
    const tools = {
      echo: {
        name: "say",
        description: "Says it again",
        tags: ["kept"],
        arguments: { message: { name: "words", description: "what to say" } },
      },
      write: { tags: ["kept"], arguments: { name: { hide: true, default: "always the same" } } },
      count: { tags: ["kept"], arguments: { ms: { hide: true } } },
      ask: { enabled: false },
      missing: { title: "nobody" },
    };
    const transport = composite({ only: { ...legacy, tools, include_tags: ["kept"] } });
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      const shown = (await session.listTools()).tools;
      expect(names(shown)).toEqual(["say", "write"]);
      expect(shown[0]).toMatchObject({
        description: "Says it again",
        inputSchema: {
          properties: { words: { type: "string", description: "what to say" } },
          required: ["words"],
        },
        _meta: { fastmcp: { tags: ["kept"] } },
      });
      expect(shown[1]!.inputSchema.properties).toEqual({});
      expect(textOf(await session.callTool(call("say", { words: "hi" })))).toBe("Echo: hi");
      expect(textOf(await session.callTool(call("write")))).toBe("written");
      expect(await rejection(session.callTool(call("write", { name: "mine" })))).toMatchObject({
        message: expect.stringContaining('the argument "name" is not to be set'),
      });
      for (const name of ["echo", "ask", "count"]) await rejection(session.callTool(call(name)));
    });
    const warned = events.flatMap((e) => (e.type === "warning" ? [e.message] : []));
    expect(warned.some((w) => w.includes("tools.missing: the server has no such tool"))).toBe(true);
    expect(
      warned.some((w) => w.includes("tools.count.arguments.ms: a required argument can be hidden only")),
    ).toBe(true);
  });
});

describe("what may be used", () => {
  it("is decided for one server alone, too, by the entry and by the options of the transport", async () => {
    const byEntry = composite({ only: { ...legacy, disabled_tools: ["write"] } });
    const byOptions = composite({ only: legacy }, { deny: ["only_write"], allow: { tools: ["only_*"] } });
    for (const transport of [byEntry, byOptions])
      await transport.withSession(async (session) => {
        const shown = names((await session.listTools()).tools);
        expect(shown).toContain("echo");
        expect(shown).not.toContain("write");
        expect(await rejection(session.callTool(call("write", { name: "x" })))).toMatchObject({
          code: -32602,
        });
      });
    expect(() => composite({ only: legacy }, { allow: 5 as never })).toThrow("allow");
  });
});

describe("another config", () => {
  it("changes what changed: the old process is gone before the new one starts, the rest goes on", async () => {
    const transport = composite({ same: legacy, changed: legacy, removed: legacy });
    const session = await transport.connectSession();
    const before = transport.servers;
    const events = recorded(transport);
    await transport.setConfig({
      mcpServers: { same: legacy, changed: { ...legacy, env: { NEW: "1" } }, added: modern },
    });
    expect(lives(before["removed"]!.pid!)).toBe(false);
    expect(lives(before["changed"]!.pid!)).toBe(false);
    expect(textOf(await session.callTool(call("changed_env")))).toContain('"NEW":"1"');
    expect(textOf(await session.callTool(call("added_echo", { message: "x" })))).toBe("Echo: x");
    expect(transport.servers["same"]).toMatchObject({ pid: before["same"]!.pid, epoch: 1 });
    expect(Object.keys(transport.servers)).toEqual(["same", "changed", "added"]);
    expect(names((await session.listTools()).tools).some((name) => name.startsWith("removed_"))).toBe(false);
    const order = events.flatMap((e) =>
      e.type === "server" && e.server === "changed" && e.event.type === "transition" ? [e.event.to] : [],
    );
    expect(order.indexOf("closed")).toBeLessThan(order.indexOf("connecting.opening"));
    expect(await rejection(transport.setConfig({ mcpServers: { x: { url: 1 } } }))).toMatchObject({
      code: "CONFIG_INVALID",
    });
    expect(Object.keys(transport.servers)).toEqual(["same", "changed", "added"]);
  });

  it("from one server to two and back keeps the session", async () => {
    const transport = composite({ a: legacy });
    const session = await transport.connectSession();
    expect(textOf(await session.callTool(call("echo", { message: "1" })))).toBe("Echo: 1");
    await transport.setConfig({ mcpServers: { a: legacy, b: modern } });
    expect(textOf(await session.callTool(call("b_echo", { message: "2" })))).toBe("Echo: 2");
    await transport.setConfig({ mcpServers: { b: modern } });
    expect(textOf(await session.callTool(call("echo", { message: "3" })))).toBe("Echo: 3");
  });

  it("of a file is followed, however an editor writes it, and a wrong one changes nothing", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-watch-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, "mcp.json");
    const write = (mcpServers: object) => writeFileSync(path, JSON.stringify({ mcpServers }));
    write({ a: legacy, b: legacy });
    const transport = closing(new MCPConfigTransport({ config: path, watch: true }));
    const events = recorded(transport);
    const session = await transport.connectSession();
    const { pid } = transport.servers["a"]!;
    write({ a: legacy, c: modern });
    await until(() => Object.keys(transport.servers).join() === "a,c");
    expect(textOf(await session.callTool(call("c_echo", { message: "x" })))).toBe("Echo: x");
    writeFileSync(path, '{ "mcpServers": { "a": ');
    await until(() =>
      events.some((e) => e.type === "warning" && e.message.includes("the last good config stays")),
    );
    expect(Object.keys(transport.servers)).toEqual(["a", "c"]);
    const replacement = join(directory, "mcp.json.new");
    writeFileSync(replacement, JSON.stringify({ mcpServers: { a: legacy, d: legacy } }));
    renameSync(replacement, path);
    await until(() => Object.keys(transport.servers).join() === "a,d");
    expect(transport.servers["a"]!.pid).toBe(pid);
  });
});

describe("configs one after another", () => {
  it("that remove a server and add it again, or change it and then remove it, leave what the last one says", async () => {
    const transport = composite({ a: legacy, b: legacy });
    const session = await transport.connectSession();
    const config = (servers: object) => transport.setConfig({ mcpServers: servers });
    await Promise.all([config({ b: legacy, c: legacy }), config({ a: legacy, b: legacy, c: legacy })]);
    await until(() => transport.health === "ready" && transport.servers["a"]?.state === "connected");
    expect(textOf(await session.callTool(call("a_echo", { message: "back" })))).toBe("Echo: back");
    const changed = { ...legacy, env: { NEW: "1" } };
    await Promise.all([config({ a: changed, b: legacy, c: legacy }), config({ b: legacy, c: legacy })]);
    await until(() => transport.health === "ready");
    expect(Object.keys(transport.servers)).toEqual(["b", "c"]);
    expect(Object.keys(transport.fork().servers)).toEqual(["b", "c"]);
  });

  it("from two servers to one leave one process, and from one to two make one that is down wait", async () => {
    const transport = composite({ a: legacy, b: legacy });
    const session = await transport.connectSession();
    const { pid } = transport.servers["a"]!;
    await transport.setConfig({ mcpServers: { a: legacy } });
    expect(lives(pid!)).toBe(false);
    expect(textOf(await session.callTool(call("echo", { message: "1" })))).toBe("Echo: 1");
    await transport.setConfig({
      mcpServers: { a: { url: `http://127.0.0.1:${await freePort()}/mcp` }, b: legacy },
    });
    expect(textOf(await session.callTool(call("b_echo", { message: "2" })))).toBe("Echo: 2");
    expect(transport.servers["a"]!.state).toBe("connecting");
  });
});

describe("the options of a composite", () => {
  it("hold for its servers: annotations, a server's own timeout", async () => {
    const transport = composite(
      { a: legacy, b: { ...legacy, timeout: "300ms" } },
      { trustAnnotations: false },
    );
    const session = await transport.connectSession();
    // Not listed yet, and still its server's deadline.
    expect(await rejection(session.callTool(call("b_never")))).toMatchObject({
      code: "REQUEST_TIMEOUT",
      data: { timeout: 300 },
    });
    await session.listTools();
    process.kill(transport.servers["a"]!.pid!, "SIGSTOP");
    const lost = rejection(session.callTool(call("a_put")));
    await until(() => transport.servers["a"]!.inFlight > 0);
    process.kill(transport.servers["a"]!.pid!, "SIGKILL");
    expect(await lost).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  });

  it("hold for its servers: deadlines moved by progress", async () => {
    const transport = composite({ a: legacy, b: legacy });
    const seen: number[] = [];
    const session = await transport.connectSession({
      elicitation: async () => {
        await pass(300);
        return {};
      },
    });
    const pass = stopTime();
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    const moved = { timeout: 400, resetTimeoutOnProgress: true, onprogress };
    expect(textOf(await session.callTool(call("a_steps", { steps: 3 }), moved))).toBe("all done");
    expect(seen).toEqual([1, 2, 3]);
  });

  it("open it before the deadline of its own attempt, though one server hangs", async () => {
    const transport = composite(
      { a: legacy, hung: { command: "sleep", args: ["100"] } },
      { connectTimeoutMs: 6_000 },
    );
    await transport.withSession(async (session) => {
      expect(textOf(await session.callTool(call("a_echo", { message: "x" })))).toBe("Echo: x");
    });
  });
});

describe("a question of a legacy server to a modern client", () => {
  it("ends with the call of its caller, at the server too", async () => {
    const each = { ...legacy, era: "legacy" };
    const transport = composite({ one: each, other: each }, { era: "modern" });
    let asked = () => {};
    const question = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const session = await transport.connectSession({
      timeoutMs: 0,
      elicitation: () => {
        asked();
        return new Promise(() => {});
      },
    });
    const abort = new AbortController();
    const ask = rejection(
      session.callTool(call("one_ask", { what: "elicitation" }), { signal: abort.signal }),
    );
    await question;
    abort.abort(new Error("changed my mind"));
    expect(await ask).toMatchObject({ message: "changed my mind" });
    await until(() => transport.servers["one"]!.inFlight === 0);
    expect(textOf(await session.callTool(call("one_echo", { message: "on" })))).toBe("Echo: on");
  });
});

describe("the end of a composite", () => {
  it("keeps the processes that are kept, lets the others go, and close ends all", async () => {
    const server = await httpServer();
    const transport = composite({
      kept: legacy,
      gone: { ...legacy, keep_alive: false },
      http: { url: server.url },
    });
    const pids = await transport.withSession(() => transport.servers);
    await transport.server("gone").waitFor("idle");
    await transport.server("http").waitFor("idle");
    expect(lives(pids["gone"]!.pid!)).toBe(false);
    expect(lives(pids["kept"]!.pid!)).toBe(true);
    await transport.withSession(() => expect(transport.servers["kept"]!.pid).toBe(pids["kept"]!.pid));
    await transport.close();
    expect(lives(pids["kept"]!.pid!)).toBe(false);
  });

  it("leaves nothing of fifty servers, of which no more than eight start at once", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`s${i}`, { command: node, args: [fixture("small-server.mjs")] }]),
    );
    const transport = composite(many, { startTimeoutMs: 60_000 });
    let opening = 0;
    let most = 0;
    transport.subscribe((_status, event) => {
      if (event.type !== "server" || event.event.type !== "transition") return;
      if (event.event.to === "connecting.opening") most = Math.max(most, ++opening);
      if (event.event.from === "connecting.opening") opening--;
    });
    const session = await transport.connectSession();
    await transport.waitFor("connected", { servers: "all", timeoutMs: 60_000 });
    expect(transport.health).toBe("ready");
    expect(most).toBe(8);
    expect((await session.listTools()).tools).toHaveLength(50);
    const pids = Object.values(transport.servers).map(({ pid }) => pid!);
    await transport.close();
    expect(pids.filter(lives)).toEqual([]);
  }, 600_000);
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
