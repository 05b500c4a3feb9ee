import { inspect } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import { SessionView } from "../../src/session/session.js";
import { recorded, rejection, stdioFixture, textOf, until } from "../support/fixtures.js";

describe("a session is an SDK Client to its holder", () => {
  it("by instanceof, by its methods and by its getters", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    expect(session instanceof Client).toBe(true);
    expect(session.getServerVersion()?.name).toBe("fixture");
    expect(session.getServerCapabilities()).toHaveProperty("tools");
    expect(session.getNegotiatedProtocolVersion()).toBe("2025-11-25");
    expect(session.getProtocolEra()).toBe("legacy");
    expect(session.transport?.sessionId).toBeUndefined();
    expect(session.connection).toBe(transport);
    expect((await session.listPrompts()).prompts).toHaveLength(1);
    expect(
      (await session.getPrompt({ name: "greet", arguments: { name: 42 } })).messages[0]!.content,
    ).toMatchObject({ text: "Greet 42" });
    expect((await session.readResource({ uri: "note://one" })).contents[0]).toMatchObject({ text: "a note" });
    expect((await session.request({ method: "tools/list" })).tools.length).toBeGreaterThan(3);
    expect(await session.ping()).toEqual({});
  });

  it("with every public method of this SDK's Client its own", () => {
    const methods = new Set<string>();
    for (let p = Client.prototype; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
      for (const name of Object.getOwnPropertyNames(p)) if (!name.startsWith("_")) methods.add(name);
    }
    // These keep or check handlers, which live in the view itself, or are only meant for subclasses.
    const inherited = [
      "constructor",
      "buildContext",
      "assertCapability",
      "assertCapabilityForMethod",
      "assertNotificationCapability",
      "assertRequestHandlerCapability",
      "assertCanSetRequestHandler",
      "setRequestHandler",
      "removeRequestHandler",
      "setNotificationHandler",
      "removeNotificationHandler",
      "registerCapabilities",
      "setVersionNegotiation",
      "getNegotiatedProtocolVersion",
      "getProtocolEra",
    ];
    const own = [SessionView.prototype, Object.getPrototypeOf(SessionView.prototype)].flatMap((p) =>
      Object.getOwnPropertyNames(p),
    );
    expect([...methods].filter((name) => !own.includes(name) && !inherited.includes(name))).toEqual([]);
  });

  it("and reads of it never throw, ended or not", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    const look = () => [
      `${session}`,
      inspect(session),
      JSON.stringify(session),
      (session as { then?: unknown }).then,
      session.transport,
    ];
    expect(look()[3]).toBeUndefined();
    await session.close();
    expect(await session).toBe(session);
    expect(look()[2]).toContain('"ended":true');
    expect(session.getServerVersion()?.name).toBe("fixture");
    expect(isHoldfastError(await rejection(session.connect(null as never)), "CONFIG_INVALID")).toBe(true);
  });
});

describe("a session ends with its scope", () => {
  it("and each call of it rejects from then on, without touching the wire", async () => {
    const { transport } = stdioFixture();
    const session = await transport.withSession((s) => s);
    const calls = [
      () => session.listTools(),
      () => session.callTool({ name: "echo" }),
      () => session.ping(),
      () => session.setRoots([]),
    ];
    for (const call of [
      ...calls,
      () => session.notification({ method: "notifications/roots/list_changed" }),
    ]) {
      expect(await rejection(call())).toMatchObject({ code: "SESSION_CLOSED", server: "fixture" });
    }
    expect(session.ended).toBe(true);
  });

  it("and its running calls are cancelled on the wire and rejected, while other sessions go on", async () => {
    const { transport, did } = stdioFixture();
    const [one, two] = await Promise.all([transport.connectSession(), transport.connectSession()]);
    let closed = 0;
    one.onclose = () => closed++;
    const call = rejection(one.callTool({ name: "never" }));
    await until(() => did().includes("never begun"));
    await Promise.all([one.close(), one.close()]);
    expect(await call).toMatchObject({ code: "SESSION_CLOSED" });
    await until(() => did().includes("never cancelled"));
    expect(closed).toBe(1);
    expect(textOf(await two.callTool({ name: "echo", arguments: { message: "on" } }))).toBe("Echo: on");
    expect(transport.status).toMatchObject({ leases: 1, inFlight: 0 });
  });

  it("or with its transport, or with its signal", async () => {
    const { transport } = stdioFixture();
    const stop = new AbortController();
    const [one, two] = await Promise.all([
      transport.connectSession(),
      transport.connectSession({ signal: stop.signal }),
    ]);
    stop.abort(new Error("enough"));
    expect(await rejection(two.listTools())).toMatchObject({
      code: "SESSION_CLOSED",
      cause: { message: "enough" },
    });
    await transport.close();
    expect(await rejection(one.listTools())).toMatchObject({
      code: "SESSION_CLOSED",
      cause: { code: "TRANSPORT_CLOSED" },
    });
  });
});

describe("several sessions share one connection", () => {
  it("that is opened once", async () => {
    const { transport, did } = stdioFixture();
    const sessions = await Promise.all([1, 2, 3].map(() => transport.connectSession()));
    expect(did()).toHaveLength(1);
    expect(transport.status.leases).toBe(3);
    await Promise.all(sessions.map((session) => session.close()));
    expect(transport.status.leases).toBe(0);
  });

  it("with the capabilities of all of them, when they open together", async () => {
    const { transport } = stdioFixture();
    const [one, two] = await Promise.all([
      transport.connectSession({ sampling: () => "from one" }),
      transport.connectSession({ elicitation: () => ({ name: "two" }) }),
    ]);
    expect(
      JSON.parse(textOf(await one.callTool({ name: "ask", arguments: { what: "sampling" } }))),
    ).toMatchObject({
      content: { text: "from one" },
    });
    expect(
      JSON.parse(textOf(await two.callTool({ name: "ask", arguments: { what: "elicitation" } }))),
    ).toMatchObject({
      content: { name: "two" },
    });
  });

  it("unless one needs another handshake: a conflict that names the way out", async () => {
    const { transport } = stdioFixture();
    await transport.connectSession();
    const error = await rejection(transport.connectSession({ sampling: () => "x" }));
    expect(error).toMatchObject({ code: "SESSION_CONFLICT" });
    expect((error as Error).message).toMatch(/sampling.*transport\.fork\(\)/);
    const other = { name: "other", version: "1" };
    expect(await rejection(transport.connectSession({ clientInfo: other }))).toMatchObject({
      code: "SESSION_CONFLICT",
    });
    const fork = transport.fork();
    await fork.withSession((session) => session.ping(), { sampling: () => "x" });
    await fork.close();
  });

  it("and a session that needs another handshake gets it when it is alone", async () => {
    const { transport, did } = stdioFixture();
    await transport.withSession((session) => session.ping());
    const asked = await transport.withSession(
      async (session) => textOf(await session.callTool({ name: "ask", arguments: { what: "sampling" } })),
      { sampling: () => "yes" },
    );
    expect(asked).toContain("yes");
    expect(did()).toHaveLength(2);
  });
});

describe("calls", () => {
  it("wait while the connection comes back, and end at their own deadline", async () => {
    // By chance the wait could be none.
    const random = vi.spyOn(Math, "random").mockReturnValue(0.999_999);
    onTestFinished(() => random.mockRestore());
    const hour = 3_600_000;
    const { transport } = stdioFixture({
      reconnect: { baseMs: hour, capMs: hour, stableAfterMs: hour },
    });
    const session = await transport.connectSession();
    // Two losses in a row, so that the third attempt waits for long.
    process.kill(transport.status.pid!, "SIGKILL");
    await session.ping();
    process.kill(transport.status.pid!, "SIGKILL");
    await transport.waitFor("connecting");
    const error = await rejection(session.callTool({ name: "echo" }, { timeout: 100 }));
    expect(error).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect((error as Error).message).toMatch(/while it was waiting, attempt \d: it was killed by SIGKILL/);
    transport.retryNow();
    await session.ping();
  });

  it("reject with the reason of their signal, waiting or running", async () => {
    const { transport, did } = stdioFixture();
    const session = await transport.connectSession();
    const stop = new AbortController();
    const call = rejection(session.callTool({ name: "never" }, { signal: stop.signal }));
    await until(() => did().includes("never begun"));
    const reason = new Error("changed my mind");
    stop.abort(reason);
    expect(await call).toBe(reason);
    expect(await rejection(session.listTools(undefined, { signal: stop.signal }))).toBe(reason);
    await until(() => did().includes("never cancelled"));
    expect(transport.status.inFlight).toBe(0);
  });

  it("reject with their outcome on disconnect, and the next one reconnects", async () => {
    const { transport, did } = stdioFixture();
    const session = await transport.connectSession();
    const call = rejection(session.callTool({ name: "never" }));
    await until(() => did().includes("never begun"));
    const late = rejection(session.callTool({ name: "echo", arguments: { message: "late" } }));
    await transport.disconnect();
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(await late).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-sent" });
    expect(transport.status).toMatchObject({ state: "idle", leases: 1 });
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "back" } }))).toBe(
      "Echo: back",
    );
    expect(did().filter((line) => line.startsWith("start"))).toHaveLength(2);
  });

  it("report their progress to the session's handler or their own", async () => {
    const { transport } = stdioFixture();
    const seen: unknown[] = [];
    const session = await transport.connectSession({
      onProgress: (progress, call) => seen.push([call.name, progress.progress]),
    });
    await session.callTool({ name: "count", arguments: { steps: 3, ms: 0 } });
    expect(seen).toEqual([
      ["count", 1],
      ["count", 2],
      ["count", 3],
    ]);
    const own: number[] = [];
    await session.callTool(
      { name: "count", arguments: { steps: 3, ms: 0 } },
      { onprogress: ({ progress }) => own.push(progress) },
    );
    expect(own).toEqual([1, 2, 3]);
    expect(seen).toHaveLength(3);
  });

  it("for what the server does not have give an empty list, or say so, and print nothing", async () => {
    const { MemoryTransport } = await import("../../src/transports/memory.js");
    const { Server } = await import("@modelcontextprotocol/server");
    const transport = new MemoryTransport({
      server: () => new Server({ name: "bare", version: "1" }, { capabilities: {} }),
    });
    await transport.withSession(async (session) => {
      expect(await session.listTools()).toEqual({ tools: [] });
      expect(await rejection(session.callTool({ name: "x" }))).toMatchObject({
        code: "CAPABILITY_NOT_SUPPORTED",
      });
    });
    await transport.close();
  });
});

describe("every option of a session works, and again on each attempt", () => {
  const lose = async (transport: ReturnType<typeof stdioFixture>["transport"]) => {
    process.kill(transport.status.pid!, "SIGKILL");
    await transport.waitFor("connecting");
    await transport.waitFor("connected");
  };

  it("sampling, elicitation and roots, with their context", async () => {
    const { transport } = stdioFixture();
    const contexts: unknown[] = [];
    const session = await transport.connectSession({
      sampling: (params, context) => {
        contexts.push(context);
        return `you said ${JSON.stringify(params.messages[0]!.content)}`;
      },
      elicitation: {
        form: (_params, context) => {
          contexts.push(context);
          return { name: "Ada" };
        },
      },
      roots: ["/tmp/work", new URL("file:///etc"), { uri: "file:///custom", name: "custom" }],
    });
    for (let round = 1; round <= 2; round++) {
      const ask = async (what: string) =>
        JSON.parse(textOf(await session.callTool({ name: "ask", arguments: { what } })));
      expect(await ask("sampling")).toMatchObject({ role: "assistant", content: { type: "text" } });
      expect(await ask("elicitation")).toEqual({ action: "accept", content: { name: "Ada" } });
      expect((await ask("roots")).roots).toEqual([
        { uri: "file:///tmp/work", name: "work" },
        { uri: "file:///etc", name: "etc" },
        { uri: "file:///custom", name: "custom" },
      ]);
      if (round === 1) await lose(transport);
    }
    expect(contexts[0]).toMatchObject({ session, server: "fixture" });
    await session.setRoots(["/tmp/other"]);
    const { roots } = JSON.parse(
      textOf(await session.callTool({ name: "ask", arguments: { what: "roots" } })),
    );
    expect(roots).toEqual([{ uri: "file:///tmp/other", name: "other" }]);
  });

  it("a handler that throws becomes an error answer, and a decline is an answer", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession({
      sampling: () => {
        throw new Error("no model here");
      },
      elicitation: () => undefined,
    });
    const failed = await session.callTool({ name: "ask", arguments: { what: "sampling" } });
    expect(failed).toMatchObject({ isError: true });
    expect(textOf(failed)).toContain("no model here");
    expect(textOf(await session.callTool({ name: "ask", arguments: { what: "elicitation" } }))).toContain(
      "decline",
    );
  });

  it("logs from a level on, list changes, every notification, and resource updates", async () => {
    const { transport } = stdioFixture();
    const logs: unknown[] = [];
    const changes: unknown[] = [];
    const notifications: string[] = [];
    const session = await transport.connectSession({
      onLog: ({ level }) => logs.push(level),
      logLevel: "warning",
      onListChanged: ({ kind }) => changes.push(kind),
      onNotification: ({ method }) => notifications.push(method),
    });
    const updated: string[] = [];
    session.setNotificationHandler(
      "notifications/resources/updated",
      ({ params }) => void updated.push(params.uri),
    );
    await session.subscribeResource({ uri: "note://one" });
    for (let round = 1; round <= 2; round++) {
      for (const level of ["info", "error"]) await session.callTool({ name: "log", arguments: { level } });
      await session.callTool({ name: "grow" });
      await session.callTool({ name: "touch", arguments: { uri: "note://one" } });
      await until(() => logs.length === round && changes.length >= round && updated.length === round);
      if (round === 1) await lose(transport);
    }
    expect(logs).toEqual(["error", "error"]);
    expect(new Set(changes)).toEqual(new Set(["tools"]));
    expect(notifications).toContain("notifications/resources/updated");
  });

  it("subscriptions are counted, and withdrawn with the last session that wanted them", async () => {
    const { transport } = stdioFixture();
    const [one, two] = await Promise.all([transport.connectSession(), transport.connectSession()]);
    const subscribed = async () => JSON.parse(textOf(await two.callTool({ name: "subscriptions" })));
    await one.subscribeResource({ uri: "note://one" });
    await two.subscribeResource({ uri: "note://one" });
    await one.close();
    expect(await subscribed()).toEqual(["note://one"]);
    await two.unsubscribeResource({ uri: "note://one" });
    expect(await subscribed()).toEqual([]);
  });

  it("a request of the server goes to the session whose call is running", async () => {
    const { transport } = stdioFixture();
    const answers = ["first", "second"];
    const [first, second] = await Promise.all(
      answers.map((text) => transport.connectSession({ sampling: () => text })),
    );
    const ask = async (session: typeof first) =>
      textOf(await session!.callTool({ name: "ask", arguments: { what: "sampling" } }));
    expect(await ask(first)).toContain("first");
    expect(await ask(second)).toContain("second");
  });
});

describe("a subscriber", () => {
  it("that throws disturbs nobody, and one that leaves hears nothing more", async () => {
    const { transport } = stdioFixture();
    const events = recorded(transport);
    transport.subscribe(() => {
      throw new Error("a bad listener");
    });
    const heard: string[] = [];
    const stop = transport.subscribe((status, event) => heard.push(`${event.type} ${status.state}`));
    expect(heard).toEqual(["current idle"]);
    stop();
    await transport.withSession((session) => session.ping());
    expect(heard).toHaveLength(1);
    expect(events.map((event) => event.type)).toContain("transition");
  });
});

describe("what the review of this code found, and must not come back", () => {
  it("a call made just before its session is closed is not sent, and rejects", async () => {
    const { transport, did } = stdioFixture();
    const session = await transport.connectSession();
    const call = rejection(session.callTool({ name: "write", arguments: { name: "late" } }));
    await session.close();
    expect(await call).toMatchObject({ code: "SESSION_CLOSED" });
    await transport.withSession((other) => other.ping());
    expect(did()).not.toContain("write late");
  });

  it("an opening that was given up leaves no demand behind", async () => {
    const { transport } = stdioFixture({ keepAlive: false });
    const stop = new AbortController();
    const opening = rejection(transport.connectSession({ signal: stop.signal }));
    await transport.waitFor("connecting");
    const reason = new Error("given up");
    stop.abort(reason);
    expect(await opening).toBe(reason);
    await transport.waitFor("idle");
    expect(transport.status).toMatchObject({ leases: 0 });
  });

  it("a signal that fires when the connection is ready already opens no session", async () => {
    const { transport } = stdioFixture();
    await transport.connect();
    const stop = new AbortController();
    const opening = rejection(transport.connectSession({ signal: stop.signal }));
    stop.abort(new Error("at once"));
    expect(await opening).toMatchObject({ message: "at once" });
    expect(transport.status.leases).toBe(0);
  });
});
