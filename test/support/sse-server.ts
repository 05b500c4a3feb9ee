import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { onTestFinished } from "vitest";
import { z } from "zod";

export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A server of the SDK 1 behind HTTP+SSE. `fault` sees each request first, and says whether it took it over. */
export async function sseServer({ port = 0, fault }: { port?: number; fault?: Fault } = {}) {
  const sessions = new Map<string, { transport: SSEServerTransport; response: ServerResponse }>();
  const control = {
    fault,
    headers: [] as IncomingMessage["headers"][],
    gets: 0,
    writes: 0,
    held: Promise.resolve(),
  };
  const http = createServer(async (request, response) => {
    control.headers.push(request.headers);
    if (request.method === "GET") control.gets++;
    if (control.fault?.(request, response)) return;
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      sessions.set(transport.sessionId, { transport, response });
      const server = new McpServer(
        { name: "sse-fixture", version: "1.0.0" },
        { capabilities: { logging: {} } },
      );
      server.registerTool("echo", { inputSchema: { message: z.string() } }, ({ message }) => ({
        content: [{ type: "text", text: `Echo: ${message}` }],
      }));
      server.registerTool("write", {}, () => {
        control.writes++;
        return { content: [] };
      });
      server.registerTool("held", {}, async () => {
        await control.held;
        return { content: [{ type: "text", text: "let go" }] };
      });
      server.registerTool("never", {}, () => new Promise(() => {}));
      return server.connect(transport);
    }
    const id = new URL(request.url!, "http://localhost").searchParams.get("sessionId")!;
    const session = sessions.get(id);
    if (!session) return void response.writeHead(404).end();
    await session.transport.handlePostMessage(request, response);
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const stop = async () => {
    http.closeAllConnections();
    http.close();
    if (http.listening) await once(http, "close");
  };
  onTestFinished(stop);
  const { port: at } = http.address() as AddressInfo;
  const cut = () => {
    for (const { response } of sessions.values()) response.destroy();
  };
  return { url: `http://127.0.0.1:${at}/sse`, port: at, sessions, control, cut, stop };
}
