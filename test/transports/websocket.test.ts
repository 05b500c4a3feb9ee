import { once } from "node:events";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { inspect } from "node:util";
import { McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { WSTransport, type WSTransportOptions } from "../../src/transports/websocket.js";
import { closeFailure } from "../../src/wires/close-codes.js";
import { WebSocketWire } from "../../src/wires/websocket.js";
import { freePort } from "../support/everything.js";
import { closing, recorded, rejection, textOf, until } from "../support/fixtures.js";
import { tunnelingProxy } from "../support/proxy.js";

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });

function makeServer() {
  const server = new McpServer({ name: "ws-fixture", version: "1.0.0" });
  server.registerTool("echo", { inputSchema: z.object({ message: z.string() }) }, ({ message }) =>
    text(`Echo: ${message}`),
  );
  server.registerTool("big", { inputSchema: z.object({ bytes: z.number() }) }, ({ bytes }) =>
    text("x".repeat(bytes)),
  );
  server.registerTool("never", {}, () => new Promise(() => {}));
  return server;
}

async function serve(options: { port?: number; token?: string | null } = { token: null }) {
  const server = await serveWebSockets(makeServer, options as never);
  let closed = false;
  const stop = async () => {
    if (closed) return;
    closed = true;
    await server.close();
  };
  onTestFinished(stop);
  return { ...server, port: Number(new URL(server.url).port), stop };
}

const to = (url: string, options: Partial<WSTransportOptions> = {}) =>
  closing(new WSTransport({ url, connectTimeoutMs: 5_000, ...options }));

const echo = { name: "echo", arguments: { message: "hi" } };

describe("a server behind a WebSocket", () => {
  for (const era of ["legacy", "modern"] as const) {
    it(`is reached and asked in the ${era} era`, async () => {
      const { url } = await serve();
      const transport = to(url, { era });
      await transport.withSession(async (session) => {
        expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
        expect(transport.status).toMatchObject({ era, kind: "ws", state: "connected", listening: "open" });
      });
      await transport.waitFor("idle");
    });
  }

  it("that closes the socket is reached again; what was on its way is reported", async () => {
    const server = await serve();
    const transport = to(server.url);
    const session = await transport.connectSession();
    const call = rejection(session.callTool({ name: "never" }));
    await until(() => transport.status.inFlight === 1);
    for (const socket of server.sockets) socket.terminate();
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    expect(transport.status.epoch).toBe(2);
  });

  it("that was never there gives a clear error at once", async () => {
    const url = `ws://127.0.0.1:${await freePort()}/mcp`;
    const error = await rejection(to(url).connectSession());
    expect(error).toMatchObject({ code: "CONNECT_FAILED" });
    expect((error as Error).message).toMatch(/ECONNREFUSED.*Is the server running/);
  });

  it("that never answers the upgrade gives up at the deadline", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer((socket) => socket.resume().on("error", () => {})).listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const transport = to(`ws://127.0.0.1:${port}/mcp`, { connectTimeoutMs: 300 });
    expect(await rejection(transport.connectSession())).toMatchObject({ code: "CONNECT_TIMEOUT" });
  });

  it("that speaks no MCP subprotocol gives a clear error, and none is offered on request", async () => {
    const plain = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => false });
    await once(plain, "listening");
    onTestFinished(() => {
      for (const socket of plain.clients) socket.terminate();
      plain.close();
    });
    const { port } = plain.address() as { port: number };
    const error = await rejection(to(`ws://127.0.0.1:${port}`).connectSession());
    expect((error as Error).message).toMatch(/subprotocol/);
    const transport = to(`ws://127.0.0.1:${port}`, { protocols: [], connectTimeoutMs: 300 });
    expect(await rejection(transport.connectSession())).toMatchObject({ code: "CONNECT_TIMEOUT" });
  });

  it("sends a result of 4 MB whole, and one that is too large ends the connection", async () => {
    const { url } = await serve();
    const session = await to(url).connectSession();
    const big = { name: "big", arguments: { bytes: 4_000_000 } };
    expect(textOf(await session.callTool(big))).toHaveLength(4_000_000);
    const small = to(url, { maxMessageBytes: 100_000 });
    const other = await small.connectSession();
    const error = await rejection(other.callTool(big));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect((error as Error).message).toContain("larger than 100000 bytes");
    expect(textOf(await other.callTool(echo))).toBe("Echo: hi");
  });

  it("that prints garbage is reported, and nothing is lost", async () => {
    const server = await serve();
    const errors: string[] = [];
    const session = await to(server.url).connectSession({ onError: (error) => errors.push(error.message) });
    for (const socket of server.sockets) socket.send("<html>");
    await until(() => errors.length === 1);
    expect(errors[0]).toContain('not an MCP message: "<html>"');
    expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
  });
});

describe("credentials of a WebSocket", () => {
  it("are sent with the upgrade, from auth or from headers", async () => {
    const { url, token } = await serve({});
    await to(url, { auth: token! }).withSession((session) => session.callTool(echo));
    await to(url, { auth: async () => token! }).withSession((session) => session.callTool(echo));
    await to(url, { headers: { Authorization: `Bearer ${token}` } }).withSession((s) => s.callTool(echo));
  });

  it("that are wanted and missing give AUTH_REQUIRED, once", async () => {
    const { url } = await serve({});
    const transport = to(url, { reconnect: { initial: true } });
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", status: 401 });
    expect(transport.status.attempt).toBe(1);
  });

  it("that are stale are renewed once by a provider that can", async () => {
    const { url, token } = await serve({});
    let current = "stale";
    const renewed: number[] = [];
    const onUnauthorized = async () => {
      current = token!;
      renewed.push(1);
    };
    const auth = { token: async () => current, onUnauthorized };
    await to(url, { auth }).withSession((session) => session.callTool(echo));
    expect(renewed).toHaveLength(1);
  });

  it("never show in statuses, events or errors", async () => {
    const server = await serve();
    const url = server.url.replace("ws://", "ws://user:canary-password@").concat("?key=canary-query");
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
});

/** A WebSocket server that speaks no MCP. */
async function plainServer(onSocket: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", onSocket);
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, clients: server.clients };
}

describe("a close code", () => {
  it("is fatal, retryable or hinted, by one table", () => {
    const verdict = (code: number) => {
      const { fatal, retryAfterMs } = closeFailure(code, "", 0.5);
      return fatal ? "fatal" : retryAfterMs === undefined ? "retryable" : "hinted";
    };
    const rows: [string, number[]][] = [
      ["retryable", [1000, 1001, 1005, 1006, 1009, 1011, 1014, 3008, 4408, 4999]],
      ["fatal", [1002, 1003, 1007, 1008, 1010, 1015, 3000, 3003, 4400, 4401, 4403, 4404]],
      ["hinted", [1012, 1013, 4429]],
    ];
    for (const [expected, codes] of rows)
      for (const code of codes) expect(verdict(code), `${code}`).toBe(expected);
  });

  it("that says no ends the connection with the server's reason", async () => {
    const server = await serve();
    const transport = to(server.url);
    const session = await transport.connectSession();
    for (const socket of server.sockets) socket.close(1008, "not you");
    await transport.waitFor("closed");
    const error = await rejection(session.callTool(echo));
    expect(error).toMatchObject({ code: "TRANSPORT_CLOSED" });
    expect((error as Error).message).toContain("WebSocket 1008: not you");
  });

  it("that comes with the upgrade is read, though a request was on its way", async () => {
    const rows = [
      [4401, { code: "AUTH_REQUIRED" }, "closed"],
      [1011, { code: "CONNECTION_LOST" }, "closed"],
    ] as const;
    for (const [code, expected] of rows) {
      const { url } = await plainServer((socket) => socket.close(code, "no"));
      const transport = to(url, { protocols: [] });
      const error = await rejection(transport.connectSession());
      expect(error).toMatchObject(expected);
      expect((error as Error).message).toContain(`WebSocket ${code}: no`);
    }
  });

  it("that is fatal tells what became of the calls, and stays what it is", async () => {
    const server = await serve();
    const transport = to(server.url);
    const session = await transport.connectSession();
    const call = rejection(session.callTool({ name: "never" }));
    await until(() => transport.status.inFlight === 1);
    for (const socket of server.sockets) socket.close(4401);
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(transport.status.lastError?.code).toBe("AUTH_REQUIRED");
    expect(await rejection(session.callTool(echo))).toMatchObject({
      code: "TRANSPORT_CLOSED",
      cause: { code: "AUTH_REQUIRED" },
    });
  });

  it("that quotes a secret is shown without it", async () => {
    const { url } = await plainServer((socket) => socket.close(1011, "canary-token expired"));
    const error = await rejection(to(url, { protocols: [], auth: "canary-token" }).connectSession());
    expect((error as Error).message).toContain("[redacted] expired");
  });

  it("that says when to come back is heeded", async () => {
    const server = await serve();
    const transport = to(server.url);
    await transport.connectSession();
    for (const socket of server.sockets) socket.close(1012);
    await transport.waitFor("connecting");
    const { nextRetryAt, since, detail } = transport.status;
    expect(detail).toBe("waiting");
    expect(nextRetryAt! - since).toBeGreaterThan(4_900);
    transport.retryNow();
    await transport.waitFor("connected");
  });
});

describe("a WebSocket that falls silent", () => {
  it("is pinged, and lost when neither the socket nor the server answers", async () => {
    const doubts: unknown[] = [];
    const plain = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong: true });
    await once(plain, "listening");
    onTestFinished(() => {
      for (const socket of plain.clients) socket.terminate();
      plain.close();
    });
    const { port } = plain.address() as { port: number };
    const pings: number[] = [];
    plain.on("connection", (socket) => socket.on("ping", () => pings.push(Date.now())));
    const wire = new WebSocketWire({
      url: new URL(`ws://127.0.0.1:${port}`),
      headers: {},
      credential: undefined,
      protocols: [],
      tls: undefined,
      proxy: false,
      connectTimeoutMs: 1_000,
      closeTimeoutMs: 1_000,
      maxMessageBytes: 1_000,
      heartbeatMs: 30,
      pongMs: 3_000,
    });
    wire.onDoubt = (cause) => doubts.push(cause);
    await wire.start();
    await until(() => pings.length === 2);
    expect(doubts).toEqual([]);
    for (const socket of plain.clients) socket.pause();
    await until(() => doubts.length > 0);
    await wire.close();
  });
});

describe("a WebSocket goes through the proxy", () => {
  it("and leaves no socket to one that never answers", async () => {
    const sockets = new Set<unknown>();
    const proxy = createTcpServer((socket) => {
      sockets.add(socket.resume().on("error", () => {}));
      socket.on("close", () => sockets.delete(socket));
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const transport = to("ws://127.0.0.1:9/mcp", {
      proxy: `http://127.0.0.1:${port}`,
      connectTimeoutMs: 300,
    });
    expect(await rejection(transport.connectSession())).toMatchObject({ code: "CONNECT_TIMEOUT" });
    await until(() => sockets.size === 0);
  });

  it("that the option names", async () => {
    const server = await serve();
    const proxy = await tunnelingProxy();
    const transport = to(server.url, { proxy: proxy.url });
    await transport.withSession((session) => session.callTool(echo));
    await transport.close();
    expect(proxy.tunnels).toContain(`127.0.0.1:${server.port}`);
  });
});

describe("the example's server", () => {
  it("survives whoever it refuses, and closes though they hold on", async () => {
    const server = await serve({});
    const { port } = server;
    const rude = async (end: (socket: ReturnType<typeof connect>) => void) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {});
      socket.write(
        `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      );
      const [answer] = await once(socket, "data");
      expect(String(answer)).toMatch(/401 Unauthorized/);
      end(socket);
      return socket;
    };
    await rude((socket) => socket.resetAndDestroy());
    const held = await rude(() => {});
    await to(server.url, { auth: server.token! }).withSession((session) => session.callTool(echo));
    await server.stop();
    held.destroy();
  });
});
