import type { McpServer } from "@modelcontextprotocol/server";
import type { WebSocket } from "ws";

export declare class WebSocketServerTransport {
  constructor(socket: WebSocket);
  start(): Promise<void>;
  send(message: unknown): Promise<void>;
  close(): Promise<void>;
}
export declare function serveWebSockets(
  makeServer: () => McpServer | Promise<McpServer>,
  options?: { port?: number; token?: string | null },
): Promise<{ url: string; token: string | null; sockets: Set<WebSocket>; close(): Promise<void> }>;
