import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { StreamableHttpTransport, type StreamableHttpTransportOptions } from "../../src/transports/http.js";
import { everythingHttp, freePort } from "../support/everything.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, recorded, rejection, textOf, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { httpServer, methodOf } from "../support/http-server.js";
import { tunnelingProxy } from "../support/proxy.js";

const to = (url: string, options: Partial<StreamableHttpTransportOptions> = {}) =>
  closing(new StreamableHttpTransport({ url, era: "legacy", ...options }));

function answer(response: ServerResponse, status: number): true {
  response.writeHead(status).end();
  return true;
}

describe("a server behind Streamable HTTP", () => {
  it("is reached, asked, listened to, and told at the end", async () => {
    const server = await httpServer();
    const transport = to(server.url);
    await transport.withSession(async (session) => {
      expect(textOf(await session.callTool({ name: "echo", arguments: { message: "hi" } }))).toBe("Echo: hi");
      await until(() => transport.status.listening === "open");
      expect(transport.status).toMatchObject({
        era: "legacy",
        state: "connected",
        server: { name: "http-fixture" },
      });
      expect(transport.status.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    });
    await transport.waitFor("idle");
    expect(server.counts.deletes).toBe(1);
    await until(() => server.sockets.size === 0);
  });

  it("is the reference server", async () => {
    const server = await everythingHttp();
    const tools = await to(server.url).withSession(async (session) => (await session.listTools()).tools);
    expect(tools.map((tool) => tool.name)).toContain("echo");
    await server.stop();
  });

  it("asks the person through the session's handler", async () => {
    const server = await httpServer();
    const answer = await to(server.url).withSession(
      async (session) => JSON.parse(textOf(await session.callTool({ name: "ask" }))),
      { elicitation: () => ({ name: "Ada" }) },
    );
    expect(answer).toEqual({ action: "accept", content: { name: "Ada" } });
  });
});

describe("one failed request touches no other", () => {
  it("of three parallel calls, one refused and one cut, the slow one succeeds", async () => {
    const server = await httpServer();
    server.control.fault = (request, response, body) => {
      if (body.includes("refuse me")) return answer(response, 502);
      if (!body.includes("cut me")) return false;
      request.socket.destroy();
      return true;
    };
    const transport = to(server.url);
    const session = await transport.connectSession();
    const { open, opened } = gate();
    server.control.held = opened;
    const slow = session.callTool({ name: "held" });
    const [refused, cut] = await Promise.all([
      rejection(session.callTool({ name: "echo", arguments: { message: "refuse me" } })),
      rejection(session.callTool({ name: "echo", arguments: { message: "cut me" } })),
    ]);
    expect(refused).toMatchObject({ status: 502 });
    expect(cut).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    open();
    expect(textOf(await slow)).toBe("let go");
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch: 1 });
  });

  it("a list that was cut is sent again on the same wire", async () => {
    const server = await httpServer();
    let cuts = 0;
    server.control.fault = (request, _response, body) => {
      if (methodOf(body) !== "tools/list" || cuts++ > 0) return false;
      request.socket.destroy();
      return true;
    };
    const transport = to(server.url);
    const events = recorded(transport);
    const tools = await transport.withSession(async (session) => (await session.listTools()).tools);
    expect(tools.length).toBe(4);
    expect(events.filter((event) => event.type === "request.resent")).toMatchObject([
      { method: "tools/list", outcome: "unknown" },
    ]);
    expect(transport.status.epoch).toBe(1);
  });

  it("an answer whose stream ends half-way is lost at once, not after the timeout", async () => {
    const server = await httpServer();
    server.control.fault = (_request, response, body) => {
      if (methodOf(body) !== "tools/call write") return false;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": begun\n\n", () => response.destroy());
      return true;
    };
    const session = await to(server.url).connectSession();
    stopTime();
    const error = await rejection(session.callTool({ name: "write", arguments: { name: "half" } }));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  });
});

describe("a server that is gone", () => {
  it("shows as recovering within one probe, though nobody calls it, and is reached again", async () => {
    const server = await httpServer();
    const transport = to(server.url, { heartbeat: false });
    const session = await transport.connectSession();
    await until(() => transport.status.listening === "open");
    await server.stop();
    await transport.waitFor("connecting");
    expect(transport.status).toMatchObject({ recovering: true, lastError: { code: "CONNECTION_LOST" } });
    await httpServer({ port: server.port });
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "again" } }))).toBe(
      "Echo: again",
    );
  });

  it("and forgot its sessions gets the call again, without a visible error and only once", async () => {
    const server = await httpServer();
    const transport = to(server.url);
    const session = await transport.connectSession();
    server.sessions.clear();
    await session.callTool({ name: "write", arguments: { name: "one" } });
    expect(server.counts.writes.get("one")).toBe(1);
    expect(transport.status.epoch).toBe(2);
  });

  it("and answers 400 for a forgotten session, as many do, is treated the same", async () => {
    const server = await everythingHttp();
    const transport = to(server.url);
    const session = await transport.connectSession();
    await until(() => transport.status.listening === "open");
    await server.restart();
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "again" } }))).toBe(
      "Echo: again",
    );
    await server.stop();
  });

  it("and says when to come back is asked again then, not before", async () => {
    const server = await httpServer();
    let busy = true;
    server.control.fault = (_request, response) => {
      if (busy) response.writeHead(503, { "retry-after": "1" }).end();
      return busy;
    };
    const transport = to(server.url, { reconnect: { initial: true } });
    const opening = transport.connectSession();
    await until(() => transport.status.detail === "waiting");
    const { nextRetryAt, since } = transport.status;
    expect(nextRetryAt! - since).toBeGreaterThan(500);
    busy = false;
    await opening;
    expect(Date.now()).toBeGreaterThanOrEqual(nextRetryAt! - 5);
  });

  it("and does not answer the probe either: calls end at their own deadline, and when their caller says so", async () => {
    const server = await httpServer();
    server.control.fault = (request, _response, body) => {
      if (methodOf(body) === "tools/call echo") request.socket.destroy();
      return ["tools/call echo", "ping"].includes(methodOf(body));
    };
    const session = await to(server.url).connectSession();
    const call = { name: "echo", arguments: { message: "x" } };
    const timedOut = rejection(session.callTool(call, { timeout: 300 }));
    const abort = new AbortController();
    const aborted = rejection(session.callTool(call, { signal: abort.signal }));
    await until(() => session.connection.status.suspect);
    abort.abort(new Error("changed my mind"));
    expect(await aborted).toMatchObject({ message: "changed my mind" });
    expect(await timedOut).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });

  it("was never there: a clear error at once", async () => {
    const port = await freePort();
    const error = await rejection(to(`http://127.0.0.1:${port}/mcp`).connectSession());
    expect(error).toMatchObject({ code: "CONNECT_FAILED" });
    expect((error as Error).message).toContain(`http://127.0.0.1:${port}/mcp: connect ECONNREFUSED`);
    expect((error as Error).message).toContain("Is the server running");
  });

  it("takes the request and never answers: the call ends at its own deadline", async () => {
    const server = await httpServer();
    server.control.fault = (_request, _response, body) => methodOf(body) === "tools/call echo";
    const session = await to(server.url).connectSession();
    const error = await rejection(
      session.callTool({ name: "echo", arguments: { message: "x" } }, { timeout: 200 }),
    );
    expect(error).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect(session.connection.status.inFlight).toBe(0);
  });
});

describe("the stream on which the server speaks first", () => {
  it("is opened again when it ends, and shown as lost meanwhile", async () => {
    const server = await httpServer();
    const streams: { end(): void }[] = [];
    server.control.fault = (request, response) => {
      if (request.method !== "GET") return false;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": hello\n\n");
      streams.push(response);
      return true;
    };
    const transport = to(server.url);
    const events = recorded(transport);
    await transport.connectSession();
    await until(() => streams.length === 1 && transport.status.listening === "open");
    streams[0]!.end();
    await until(() => streams.length === 2 && transport.status.listening === "open");
    expect(events.filter((e) => e.type === "listening").map((e) => e.listening)).toEqual([
      "open",
      "lost",
      "open",
    ]);
    expect(transport.status.epoch).toBe(1);
  });

  it("that the server does not offer is no fault", async () => {
    const server = await httpServer();
    server.control.fault = (request, response) => request.method === "GET" && answer(response, 405);
    const transport = to(server.url);
    await transport.connectSession();
    await until(() => server.counts.gets > 0);
    expect(transport.status).toMatchObject({ state: "connected", listening: "none" });
  });
});

describe("credentials", () => {
  it("auth wins over a header, and says so; a function is asked for each request", async () => {
    const server = await httpServer();
    const warnings: string[] = [];
    let asked = 0;
    const headers = { Authorization: "Bearer from-header", "X-Extra": "yes" };
    const transport = to(server.url, {
      headers,
      auth: () => `token-${++asked}`,
      logger: { warn: (m) => warnings.push(m) },
    });
    await transport.withSession((session) => session.listTools());
    const sent = server.control.headers.map((h) => h.authorization);
    expect(sent.every((value) => /^Bearer token-\d+$/.test(value ?? ""))).toBe(true);
    expect(server.control.headers[0]).toMatchObject({ "x-extra": "yes" });
    expect(warnings.join()).toContain("the Authorization header is ignored");
  });

  it("that are wanted and missing give AUTH_REQUIRED, once", async () => {
    const server = await httpServer();
    server.control.fault = (_request, response) => answer(response, 401);
    const error = await rejection(to(server.url, { reconnect: { initial: true } }).connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", status: 401 });
    expect(server.counts.posts).toBe(1);
  });

  it("never show in statuses, events or errors", async () => {
    const server = await httpServer();
    const url = server.url.replace("http://", "http://user:canary-password@").concat("?key=canary-query");
    const transport = to(url, { headers: { "X-Key": "canary-header" }, auth: "canary-token" });
    const events = recorded(transport);
    const session = await transport.connectSession();
    await server.stop();
    const error = await rejection(
      session.callTool({ name: "echo", arguments: { message: "x" } }, { timeout: 300 }),
    );
    await transport.close();
    const seen = [events, transport.status, transport.name, session, error].map(
      (thing) => `${JSON.stringify(thing)} ${inspect(thing)}`,
    );
    expect(seen.join()).not.toContain("canary");
  });

  it("in a URL become a header, as a person expects", async () => {
    const server = await httpServer();
    await to(server.url.replace("http://", "http://ada:secret@")).withSession((session) =>
      session.listTools(),
    );
    expect(server.control.headers[0]!.authorization).toBe(`Basic ${btoa("ada:secret")}`);
  });
});

describe("sockets", () => {
  it("go through the proxy that the option names", async () => {
    const server = await httpServer();
    const proxy = await tunnelingProxy();
    const transport = to(server.url, { proxy: proxy.url });
    await transport.withSession((session) => session.listTools());
    await transport.close();
    expect(proxy.tunnels).toContain(`127.0.0.1:${server.port}`);
  });

  it("are the user's own with the user's own fetch", async () => {
    const server = await httpServer();
    const urls: string[] = [];
    const own = (url: string | URL, init?: RequestInit) => {
      urls.push(String(url));
      return fetch(url, init);
    };
    await to(server.url, { fetch: own }).withSession((session) => session.listTools());
    expect(urls.length).toBeGreaterThan(1);
  });
});
