import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { type ByteFaults, SocketProxy } from "../../src/testing/index.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { SSETransport } from "../../src/transports/sse.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { everything, everythingHttp } from "../support/everything.js";
import { closing, rejection, stdioFixture, textOf, until } from "../support/fixtures.js";

// Its process must be one that Node runs as it is: what was built.
const built = new URL("../../dist/testing/index.js", import.meta.url).href;
const { PipeProxy }: typeof import("../../src/testing/index.js") = await import(built);

const behind = async <T extends ByteFaults & { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
  const proxy = await opening;
  onTestFinished(() => proxy.close());
  return proxy;
};
const heartbeat = { intervalMs: 300 };

interface Behind {
  transport: ClientTransport;
  proxy: ByteFaults;
  restart(): Promise<void> | void;
}

/** A real server behind a proxy of bytes. */
const kinds: Record<string, () => Promise<Behind>> = {
  "Streamable HTTP": async () => {
    const { url, restart } = await everythingHttp();
    const proxy = await behind(SocketProxy.to(url));
    const transport = closing(new StreamableHttpTransport({ url: proxy.through(url), heartbeat }));
    return { transport, proxy, restart };
  },
  SSE: async () => {
    const { url, restart } = await everythingHttp(undefined, "sse");
    const proxy = await behind(SocketProxy.to(url));
    const transport = closing(new SSETransport({ url: proxy.through(url), heartbeat }));
    return { transport, proxy, restart };
  },
  WebSocket: async () => {
    const server = await serveWebSockets(makeServer, { token: null } as never);
    onTestFinished(() => server.close());
    const proxy = await behind(SocketProxy.to(server.url));
    // The proxy's port is another one than the server checks for.
    const headers = { Host: new URL(server.url).host };
    const restart = () => {
      for (const socket of server.sockets) socket.terminate();
    };
    return {
      transport: closing(new WSTransport({ url: proxy.through(server.url), headers, heartbeat })),
      proxy,
      restart,
    };
  },
  stdio: async () => {
    const proxy = await behind(PipeProxy.to({ command: process.execPath, args: [everything, "stdio"] }));
    const { command, args } = proxy;
    const transport = closing(new StdioTransport({ command, args, heartbeat }));
    return { transport, proxy, restart: () => void process.kill(transport.status.pid!, "SIGKILL") };
  },
};

const echo = { name: "echo", arguments: { message: "hi" } };

for (const [name, open] of Object.entries(kinds))
  describe(`bytes of ${name}`, () => {
    it("that are cut: what was on its way is told at once, and the next call is answered", async () => {
      const { transport, proxy } = await open();
      const session = await transport.connectSession();
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
      proxy.stall();
      const lost = rejection(session.callTool(echo));
      await until(() => transport.status.inFlight > 0);
      proxy.cut();
      proxy.resume();
      expect(await lost).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    });

    it("that stop (half-open): a call ends at its deadline, and the connection is replaced", async () => {
      const { transport, proxy } = await open();
      const session = await transport.connectSession();
      await session.callTool(echo);
      const { epoch } = transport.status;
      proxy.stall();
      expect(await rejection(session.callTool(echo, { timeout: 400 }))).toMatchObject({
        code: "REQUEST_TIMEOUT",
      });
      await until(() => transport.status.state === "connecting");
      proxy.cut();
      proxy.resume();
      await until(() => transport.status.epoch > epoch && transport.status.state === "connected");
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    });

    it("that come slowly: answered all the same", async () => {
      const { transport, proxy } = await open();
      const session = await transport.connectSession();
      proxy.slow(100);
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    });

    for (const fault of ["corrupt", "truncate"] as const)
      it(`that a ${fault} spoils: the call settles by its deadline, and later ones are answered`, async () => {
        const { transport, proxy } = await open();
        const session = await transport.connectSession();
        await session.callTool(echo);
        proxy[fault]();
        // What is spoilt may be an answer, its frame, or a byte of its text that nobody can check.
        await session.callTool(echo, { timeout: 1_000 }).catch(() => {});
        // A connection that was idle has its own fault still before it.
        const answered = () => session.callTool(echo).then(textOf, () => "");
        await until(async () => (await answered()) === "Echo: hi");
        expect(transport.status.state).toBe("connected");
      });

    it("of a server that starts anew, its sessions lost: the next call is answered", async () => {
      const { transport, restart } = await open();
      const session = await transport.connectSession();
      await session.callTool(echo);
      await restart();
      await until(() => transport.status.epoch > 1 && transport.status.state === "connected");
      expect(textOf(await session.callTool(echo))).toBe("Echo: hi");
    });
  });

describe("messages of a WebSocket", () => {
  it("to nobody, twice, late, or none at all: each call gets its own, once", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    onTestFinished(() => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    let held: unknown;
    server.on("connection", (socket) => {
      const say = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
      const text = (value: string) => ({ content: [{ type: "text", text: value }] });
      socket.on("message", (raw) => {
        const { id, method, params } = JSON.parse(String(raw));
        if (method === "initialize")
          say({
            id,
            result: {
              protocolVersion: params.protocolVersion,
              capabilities: { tools: {} },
              serverInfo: { name: "noisy", version: "1" },
            },
          });
        if (method !== "tools/call") return;
        if (held === undefined) {
          held = id;
          return;
        }
        say({ id: held, result: text("too late") });
        say({ id: 987654, result: text("to nobody") });
        socket.send("{]");
        say({ id, result: text("mine") });
        say({ id, result: text("again") });
      });
    });
    const { port } = server.address() as AddressInfo;
    const transport = closing(
      new WSTransport({ url: `ws://127.0.0.1:${port}`, protocols: [], era: "legacy" }),
    );
    const session = await transport.connectSession();
    expect(await rejection(session.callTool(echo, { timeout: 200 }))).toMatchObject({
      code: "REQUEST_TIMEOUT",
    });
    for (let i = 0; i < 2; i++) expect(textOf(await session.callTool(echo))).toBe("mine");
    expect(transport.status).toMatchObject({ epoch: 1, inFlight: 0 });
  });
});

describe("one fault of stdio", () => {
  const noisy = (noise: string, options = {}) =>
    stdioFixture({ server: "noisy-server.mjs", env: { FIXTURE_NOISE: noise }, ...options });
  const write = { name: "write", arguments: { message: "w" } };

  for (const noise of ["garbage", "nobody", "unknown", "duplicate"])
    it(`${noise}: the call is answered, once, and the connection goes on`, async () => {
      const { transport, did } = noisy(noise);
      const errors: string[] = [];
      const session = await transport.connectSession({ onError: (error) => errors.push(error.message) });
      for (let i = 0; i < 3; i++) expect(textOf(await session.callTool(write))).toBe("w");
      expect(did()).toHaveLength(3);
      expect(transport.status.epoch).toBe(1);
      if (noise === "garbage")
        await until(() => errors.some((message) => message.includes("not an MCP message")));
    });

  it("a late answer is dropped, and is not taken for the next one's", async () => {
    const { transport } = noisy("late");
    const session = await transport.connectSession();
    expect(await rejection(session.callTool(write, { timeout: 150 }))).toMatchObject({
      code: "REQUEST_TIMEOUT",
    });
    expect(textOf(await session.callTool(write))).toBe("w");
  });

  it("an answer that is too large fails its call only", async () => {
    const { transport } = noisy("huge", { maxMessageBytes: 1_000_000 });
    const session = await transport.connectSession();
    expect(await rejection(session.callTool(write))).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    await session.ping();
    expect(transport.status.epoch).toBe(1);
  });

  it("a kill before, while and after writing: nothing is done twice, and nobody waits", async () => {
    const { transport, did } = stdioFixture();
    const session = await transport.connectSession();
    const seen: string[] = [];
    const call = (name: string, padding = 0) =>
      session
        .callTool({ name: "write", arguments: { name: name + "x".repeat(padding) } }, { timeout: 30_000 })
        .then(
          () => void seen.push("answered"),
          (error) => void seen.push(error.outcome),
        );
    for (let round = 0; round < 6; round++) {
      const pid = transport.status.pid!;
      if (round % 3 === 0) process.kill(pid, "SIGKILL");
      const calls = [call(`a${round}`), call(`b${round}`, 2_000_000), call(`c${round}`)];
      if (round % 3 === 1) process.kill(pid, "SIGKILL");
      if (round % 3 === 2)
        await until(() => transport.status.inFlight < 3).then(() => process.kill(pid, "SIGKILL"));
      await Promise.all(calls);
      await until(() => transport.status.state === "connected");
    }
    expect(seen).toHaveLength(18);
    expect(seen.every((outcome) => ["answered", "unknown"].includes(outcome))).toBe(true);
    const writes = did()
      .filter((line) => line.startsWith("write"))
      .map((line) => line.slice(0, 12));
    expect(new Set(writes).size).toBe(writes.length);
  });
});
