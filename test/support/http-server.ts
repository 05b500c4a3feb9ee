import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { onTestFinished } from "vitest";
import { z } from "zod";

type Fault = (request: IncomingMessage, response: ServerResponse, body: string) => boolean;

/**
 * A server of the SDK 1 behind a real socket, with sessions. `fault` sees each request first, and says whether it
 * took it over.
 */
export async function httpServer(options: { port?: number } = {}) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const sockets = new Set<Socket>();
  const counts = { posts: 0, gets: 0, deletes: 0, writes: new Map<string, number>() };
  const control: { fault: Fault | undefined; headers: IncomingMessage["headers"][]; held: Promise<void> } = {
    fault: undefined,
    headers: [],
    /** What the tool `held` waits for. */
    held: Promise.resolve(),
  };

  const http = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    control.headers.push(request.headers);
    if (request.method === "POST") counts.posts++;
    if (request.method === "GET") counts.gets++;
    if (request.method === "DELETE") counts.deletes++;
    if (control.fault?.(request, response, body)) return;
    const id = request.headers["mcp-session-id"] as string | undefined;
    const known = id === undefined ? await open() : sessions.get(id);
    if (!known) return void response.writeHead(404).end();
    await known.handleRequest(request, response, body ? JSON.parse(body) : undefined);
  });
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });

  async function open() {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await tools(counts.writes, () => control.held).connect(transport);
    return transport;
  }

  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    http.close();
    if (http.listening) await once(http, "close");
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${port}/mcp`, port, counts, control, sessions, sockets, stop };
}

function tools(writes: Map<string, number>, held: () => Promise<void>): McpServer {
  const server = new McpServer({ name: "http-fixture", version: "1.0.0" }, { capabilities: { logging: {} } });
  const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });
  server.registerTool("echo", { inputSchema: { message: z.string() } }, ({ message }) =>
    text(`Echo: ${message}`),
  );
  server.registerTool("held", {}, async () => {
    await held();
    return text("let go");
  });
  server.registerTool("write", { inputSchema: { name: z.string() } }, ({ name }) => {
    writes.set(name, (writes.get(name) ?? 0) + 1);
    return text("written");
  });
  server.registerTool("ask", {}, async () => {
    const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
    return text(JSON.stringify(await server.server.elicitInput({ message: "who?", requestedSchema })));
  });
  return server;
}

/** The method of the request in a body, and the tool that it names. */
export function methodOf(body: string): string {
  if (!body) return "";
  const { method, params } = JSON.parse(body) as { method: string; params?: { name?: string } };
  return params?.name ? `${method} ${params.name}` : method;
}
