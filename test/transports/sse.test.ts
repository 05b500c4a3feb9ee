import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { SSETransport, type SSETransportOptions } from "../../src/transports/sse.js";
import { freePort } from "../support/everything.js";
import { closing, recorded, rejection, textOf, until } from "../support/fixtures.js";
import { tunnelingProxy } from "../support/proxy.js";
import { type Fault, sseServer } from "../support/sse-server.js";

const to = (url: string, options: Partial<SSETransportOptions> = {}) =>
  closing(new SSETransport({ url, connectTimeoutMs: 5_000, ...options }));
const echo = { name: "echo", arguments: { message: "hi" } };
const status =
  (code: number): Fault =>
  (_request, response) => {
    response.writeHead(code).end();
    return true;
  };

describe("a server behind HTTP+SSE", () => {
  it("is reached and asked, in the legacy era only", async () => {
    const server = await sseServer();
    const transport = to(server.url);
    await transport.withSession(async (session) => {
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
      expect(transport.status).toMatchObject({ kind: "sse", era: "legacy", listening: "open" });
    });
    await transport.waitFor("idle");
    expect(() => to(server.url, { era: "modern" as never })).toThrow(/"era".*"auto", "legacy"/);
  });

  it("whose stream ends is lost at once, and reached anew by one request only", async () => {
    const server = await sseServer();
    const transport = to(server.url);
    const session = await transport.connectSession();
    const call = rejection(session.callTool({ name: "never" }));
    await until(() => transport.status.inFlight === 1);
    server.cut();
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    expect(transport.status.epoch).toBe(2);
    expect(server.control.gets).toBe(2);
  });

  it("that is gone leaves no retry of the SDK's behind", async () => {
    const server = await sseServer();
    const transport = to(server.url, { reconnect: false });
    await transport.connectSession();
    await server.stop();
    await transport.waitFor("closed");
    const again = await sseServer({ port: server.port });
    // The SDK's own retry would come after three seconds.
    await expect(until(() => again.control.gets > 0, 3_500)).rejects.toThrow(/not within/);
  });

  it("that forgot the session refuses the call, which goes again on a new one", async () => {
    const server = await sseServer();
    const session = await to(server.url).connectSession();
    server.sessions.clear();
    await session.callTool({ name: "write" });
    expect(server.control.writes).toBe(1);
    expect(session.connection.status.epoch).toBe(2);
  });

  it("that never names its endpoint gives up at the deadline", async () => {
    const open: ServerResponse[] = [];
    const server = await sseServer({
      fault: (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
        return open.push(response) > 0;
      },
    });
    const error = await rejection(to(server.url, { connectTimeoutMs: 300 }).connectSession());
    expect(error).toMatchObject({ code: "CONNECT_TIMEOUT" });
    await until(() => open.every((response) => response.destroyed || response.closed));
  });

  it("that names an endpoint elsewhere is refused", async () => {
    const server = await sseServer({
      fault: (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("event: endpoint\ndata: http://elsewhere.example/messages\n\n");
        return true;
      },
    });
    const error = await rejection(to(server.url).connectSession());
    expect((error as Error).message).toMatch(/origin/i);
  });

  it("that redirects within its origin is followed", async () => {
    const server = await sseServer({
      fault: (request, response) => {
        if (request.url !== "/sse") return false;
        response.writeHead(307, { location: "/sse/" }).end();
        return true;
      },
    });
    await to(server.url).withSession(async (session) => {
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    });
  });

  it("was never there, or is no such server: a clear error at once", async () => {
    const port = await freePort();
    const gone = await rejection(to(`http://127.0.0.1:${port}/sse`).connectSession());
    expect(gone).toMatchObject({ code: "CONNECT_FAILED" });
    expect((gone as Error).message).toMatch(/ECONNREFUSED.*Is the server running/);
    const server = await sseServer({ fault: status(404) });
    const none = await rejection(to(server.url).connectSession());
    expect(none).toMatchObject({ code: "CONNECT_FAILED", status: 404 });
  });

  it("that fails one request fails that call only", async () => {
    const server = await sseServer();
    const transport = to(server.url);
    const session = await transport.connectSession();
    server.control.fault = (request, response) => request.method === "POST" && status(502)(request, response);
    expect(await rejection(session.callTool(echo))).toMatchObject({ status: 502 });
    server.control.fault = (request) => {
      server.control.fault = undefined;
      request.socket.destroy();
      return true;
    };
    expect(await rejection(session.callTool({ name: "write" }))).toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    expect(transport.status.epoch).toBe(1);
  });
});

describe("credentials and sockets of HTTP+SSE", () => {
  it("are used for the stream and for the messages", async () => {
    const server = await sseServer();
    let asked = 0;
    const transport = to(server.url, { auth: () => `token-${++asked}`, headers: { "X-Extra": "yes" } });
    await transport.withSession((session) => session.callTool(echo));
    expect(server.control.headers.length).toBeGreaterThan(3);
    for (const headers of server.control.headers) {
      expect(headers.authorization).toMatch(/^Bearer token-\d+$/);
      expect(headers["x-extra"]).toBe("yes");
    }
  });

  it("that are stale are renewed by a provider, whose own requests are none of the transport's", async () => {
    const server = await sseServer({
      fault: (request, response) => {
        if (request.url === "/token") {
          response.writeHead(200, { "content-type": "application/json" }).end('{"token":"fresh"}');
          return true;
        }
        if (request.headers.authorization === "Bearer fresh") return false;
        response.writeHead(401).end();
        return true;
      },
    });
    let token = "stale";
    const onUnauthorized = async ({ fetchFn }: { fetchFn: typeof fetch }) => {
      const answer = await fetchFn(new URL("/token", server.url).href);
      token = ((await answer.json()) as { token: string }).token;
    };
    const auth = { token: async () => token, onUnauthorized } as never;
    await to(server.url, { auth }).withSession((session) => session.callTool(echo));
  });

  it("that no header can hold are refused without being shown", () => {
    for (const options of [
      { auth: "canary\nx" },
      { headers: { A: "canary\nx" } },
      { proxy: "socks5://canary" },
    ]) {
      const make = () => to("http://127.0.0.1:1/sse", options as never);
      expect(make).toThrow(/cannot have|expected an http or https URL/);
      expect(make).not.toThrow(/canary/);
    }
  });

  it("that are wanted and missing give AUTH_REQUIRED, once", async () => {
    const server = await sseServer({ fault: status(401) });
    for (const auth of [undefined, "wrong"]) {
      const transport = to(server.url, { reconnect: { initial: true }, ...(auth && { auth }) });
      expect(await rejection(transport.connectSession())).toMatchObject({
        code: "AUTH_REQUIRED",
        status: 401,
      });
    }
    expect(server.control.gets).toBe(2);
  });

  it("never show in statuses, events or errors", async () => {
    const server = await sseServer();
    const url = server.url.replace("http://", "http://user:canary-password@").concat("?key=canary-query");
    const transport = to(url, { headers: { "X-Key": "canary-header" }, auth: "canary-token" });
    const events = recorded(transport);
    const session = await transport.connectSession();
    await server.stop();
    const error = await rejection(session.callTool(echo, { timeout: 300 }));
    await transport.close();
    const seen = [events, transport.status, transport.name, session, error].map(
      (thing) => `${JSON.stringify(thing)} ${inspect(thing)}`,
    );
    expect(seen.join()).not.toContain("canary");
  });

  it("go through the proxy that the option names, both ways", async () => {
    const server = await sseServer();
    const proxy = await tunnelingProxy();
    const transport = to(server.url, { proxy: proxy.url });
    await transport.withSession((session) => session.callTool(echo));
    await transport.close();
    expect(new Set(proxy.tunnels)).toEqual(new Set([`127.0.0.1:${server.port}`]));
  });
});
