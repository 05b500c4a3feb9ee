import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { WebSocketWire, type WebSocketWireOptions } from "../../src/wires/websocket.js";

type Refuse = (request: IncomingMessage, socket: Duplex) => boolean;

/** A WebSocket server in a test's hands. `refuse` sees each upgrade first, and says whether it took it over. */
export async function wsServer(options: { refuse?: Refuse; autoPong?: boolean } = {}) {
  const http = createServer();
  const upgrades: IncomingMessage[] = [];
  const sockets: WebSocket[] = [];
  const received: unknown[] = [];
  const wss = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true });
  const raw = new Set<Duplex>();
  http.on("connection", (socket) => raw.add(socket));
  http.on("upgrade", (request, socket, head) => {
    upgrades.push(request);
    socket.on("error", () => {});
    if (options.refuse?.(request, socket)) return;
    wss.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws);
      ws.on("message", (data) => received.push(JSON.parse(String(data))));
      ws.on("error", () => {});
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    for (const socket of raw) socket.destroy();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/mcp`, port, upgrades, sockets, received, raw };
}

/** Answers an upgrade with a plain response. */
export const answering =
  (status: string, headers = ""): Refuse =>
  (_request, socket) => {
    socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n${headers}\r\n`);
    return true;
  };

export function wsWire(url: string, options: Partial<WebSocketWireOptions> = {}) {
  const wire = new WebSocketWire({
    url: new URL(url),
    headers: {},
    credential: undefined,
    protocols: ["mcp"],
    maxMessageBytes: 10_000,
    heartbeatMs: Number.POSITIVE_INFINITY,
    closeTimeoutMs: 300,
    connectTimeoutMs: 1_000,
    tls: undefined,
    proxy: false,
    ...options,
  });
  const heard: unknown[] = [];
  wire.onmessage = (message) => void heard.push(message);
  wire.onclose = vi.fn();
  wire.onerror = vi.fn();
  wire.onDoubt = vi.fn();
  onTestFinished(() => wire.close());
  return { wire, heard };
}

/** A wire whose socket is open, with the server's end of it. */
export async function wsOpen(
  options: Partial<WebSocketWireOptions> = {},
  serving: Parameters<typeof wsServer>[0] = {},
) {
  const server = await wsServer(serving);
  const made = wsWire(server.url, options);
  await made.wire.start();
  return { ...server, ...made, socket: server.sockets[0]! };
}
