import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { fieldsOf } from "../../src/base/fields.js";

export interface ProtectedServerOptions {
  port?: number;
  /** What every request needs. Default: `mcp`. */
  requiredScopes?: string[];
  /** What the call of a tool needs besides, by its name; not over the WebSocket, where nothing can answer 403. */
  toolScopes?: Record<string, string>;
}

/** Whose tokens are good. */
export interface Trusted {
  issuer: string;
  jwks: JSONWebKeySet;
}

export type ProtectedServer = Awaited<ReturnType<typeof startProtectedServer>>;

interface Refusal {
  status: 401 | 403;
  challenge: string;
}

/**
 * A server of the SDK 1 that wants bearer tokens: streamable HTTP at /mcp, the older SSE at /sse, a WebSocket at /ws.
 * Until `trust` was called no token is good. It is yours to stop, in a test or outside.
 */
export async function startProtectedServer(options: ProtectedServerOptions = {}) {
  const { requiredScopes = ["mcp"], toolScopes = {} } = options;
  const counts = {
    calls: 0,
    refused401: 0,
    refused403: 0,
    refusedCalls: 0,
    writes: new Map<string, number>(),
  };
  const control: { refuseAll?: boolean; alwaysWantScope?: string | undefined } = {};
  const seenAuthorization: string[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const streams = new Map<string, SSEServerTransport>();
  const wss = new WebSocketServer({ noServer: true });
  let trusted: Trusted | undefined;

  const http = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { pathname, searchParams } = new URL(request.url ?? "/", origin);
    const described = /^\/\.well-known\/oauth-protected-resource(\/(?:mcp|sse|ws))$/.exec(pathname);
    if (described) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          resource: `${origin}${described[1]}`,
          authorization_servers: trusted ? [trusted.issuer] : [],
          scopes_supported: requiredScopes,
          bearer_methods_supported: ["header"],
        }),
      );
      return;
    }
    if (!["/mcp", "/sse", "/messages"].includes(pathname)) return void response.writeHead(404).end();
    const message = body ? JSON.parse(body) : undefined;
    const refusal = await check(request, pathname === "/mcp" ? "mcp" : "sse", message);
    if (refusal) {
      response.writeHead(refusal.status, { "www-authenticate": refusal.challenge }).end();
      return;
    }
    if (pathname === "/sse") {
      const transport = new SSEServerTransport("/messages", response);
      streams.set(transport.sessionId, transport);
      await tools(counts).connect(transport);
    } else if (pathname === "/messages") {
      const stream = streams.get(searchParams.get("sessionId") ?? "");
      if (!stream) return void response.writeHead(404).end();
      await stream.handlePostMessage(request, response, message);
    } else {
      const id = request.headers["mcp-session-id"] as string | undefined;
      const known = id === undefined ? await open() : sessions.get(id);
      if (!known) return void response.writeHead(404).end();
      await known.handleRequest(request, response, message);
    }
  });
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  http.on("upgrade", async (request, socket, head) => {
    socket.on("error", () => {});
    const refusal = await check(request, "ws", undefined);
    if (refusal) {
      const headers = `content-length: 0\r\nconnection: close\r\nwww-authenticate: ${refusal.challenge}`;
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${headers}\r\n\r\n`);
    } else wss.handleUpgrade(request, socket, head, (ws) => void tools(counts).connect(overWebSocket(ws)));
  });

  /** Why a request may not pass. */
  async function check(request: IncomingMessage, endpoint: string, message: unknown) {
    const { authorization } = request.headers;
    seenAuthorization.push(authorization ?? "");
    const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/${endpoint}"`;
    const refuse = (status: 401 | 403, error: string, scopes: string[]): Refusal => {
      if (status === 401) counts.refused401++;
      else counts.refused403++;
      if (fieldsOf(message)["method"] === "tools/call") counts.refusedCalls++;
      const because = error && `error="${error}", `;
      return { status, challenge: `Bearer ${because}${metadata}, scope="${scopes.join(" ")}"` };
    };
    const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return refuse(401, "", requiredScopes);
    const payload = control.refuseAll ? undefined : await verified(token);
    if (!payload) return refuse(401, "invalid_token", requiredScopes);
    if (control.alwaysWantScope !== undefined)
      return refuse(403, "insufficient_scope", [control.alwaysWantScope]);
    const { method, params } = (message ?? {}) as { method?: string; params?: { name?: string } };
    const extra = method === "tools/call" ? toolScopes[params?.name ?? ""] : undefined;
    const needed = extra === undefined ? requiredScopes : [...requiredScopes, extra];
    const granted = String(payload["scope"] ?? "").split(" ");
    if (needed.some((scope) => !granted.includes(scope))) return refuse(403, "insufficient_scope", needed);
    return undefined;
  }

  async function verified(token: string): Promise<JWTPayload | undefined> {
    if (!trusted) return undefined;
    const { issuer, jwks } = trusted;
    const about = { issuer, audience: resources, clockTolerance: 0 };
    try {
      return (await jwtVerify(token, createLocalJWKSet(jwks), about)).payload;
    } catch {
      return undefined;
    }
  }

  async function open() {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await tools(counts).connect(transport);
    return transport;
  }

  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const wsUrl = `ws://127.0.0.1:${port}/ws`;
  const resources = [`${origin}/mcp`, `${origin}/sse`, `${origin}/ws`, wsUrl];
  return {
    url: `${origin}/mcp`,
    sseUrl: `${origin}/sse`,
    wsUrl,
    port,
    /** What a token for it may be for; the metadata of the WebSocket names its http URL. */
    resources,
    counts,
    control,
    /** The Authorization header of each request and upgrade, in order; "": there was none. */
    seenAuthorization,
    sessions,
    sockets,
    /** From now on the tokens of this authorization server are good, and no other's. */
    trust(auth: Trusted) {
      trusted = auth;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (!http.listening) return;
      http.close();
      await once(http, "close");
    },
  };
}

/** `calls` counts what really ran, over all transports. */
function tools(counts: { calls: number; writes: Map<string, number> }): McpServer {
  const server = new McpServer({ name: "protected-fixture", version: "1.0.0" });
  const text = (value: string) => {
    counts.calls++;
    return { content: [{ type: "text" as const, text: value }] };
  };
  server.registerTool("echo", { inputSchema: { message: z.string() } }, ({ message }) =>
    text(`Echo: ${message}`),
  );
  server.registerTool("write", { inputSchema: { name: z.string() } }, ({ name }) => {
    counts.writes.set(name, (counts.writes.get(name) ?? 0) + 1);
    return text("written");
  });
  server.registerTool("slow", { inputSchema: { ms: z.number() } }, async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return text("slept");
  });
  server.registerTool("restricted", {}, () => text("you may"));
  return server;
}

function overWebSocket(ws: WebSocket): Transport {
  const transport: Transport = {
    async start() {
      ws.on("message", (data) => transport.onmessage?.(JSON.parse(String(data))));
      ws.on("error", () => {});
      ws.on("close", () => transport.onclose?.());
    },
    send: async (message) => ws.send(JSON.stringify(message)),
    close: async () => ws.close(),
  };
  return transport;
}
