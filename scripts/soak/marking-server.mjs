// A server that gives back its caller's mark, in whatever it says: node marking-server.mjs KIND [PORT]
import { createServer } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { createMcpHandler, inputRequired, McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { legacyHttp } from "../../bench/legacy-http.mjs";
import { serveWebSockets } from "../../examples/websocket-server.mjs";

const text = (value) => ({ content: [{ type: "text", text: value }] });
const requestedSchema = { type: "object", properties: { mark: { type: "string" } } };

function makeServer() {
  const server = new McpServer({ name: "marking", version: "1.0.0" });
  const mark = z.string();
  server.registerTool("echo", { inputSchema: z.object({ mark }) }, (args) => text(args.mark));
  server.registerTool(
    "look",
    { inputSchema: z.object({ mark, ms: z.number() }), annotations: { readOnlyHint: true } },
    async ({ mark: message, ms }, { mcpReq: { _meta, signal, notify } }) => {
      const progressToken = _meta?.progressToken;
      for (let progress = 1; progress <= 2 && !signal.aborted; progress++) {
        await new Promise((resolve) => setTimeout(resolve, ms / 2));
        if (progressToken !== undefined)
          await notify({
            method: "notifications/progress",
            params: { progressToken, progress, total: 2, message },
          });
      }
      return text(message);
    },
  );
  server.registerTool("ask", { inputSchema: z.object({ mark }) }, ({ mark: message }, { mcpReq }) => {
    const answer = mcpReq.inputResponses?.mark;
    if (answer) return text(answer.content.mark);
    return inputRequired({ inputRequests: { mark: inputRequired.elicit({ message, requestedSchema }) } });
  });
  return server;
}

async function listen(handler, port) {
  createServer(handler).listen(port, "127.0.0.1", () => console.error("listening"));
}

const kinds = {
  "legacy-stdio": () => makeServer().connect(new StdioServerTransport()),
  "modern-stdio": () => serveStdio(makeServer),
  "modern-http": (port) => listen(toNodeHandler(createMcpHandler(makeServer, { legacy: "reject" })), port),
  "legacy-http": (port) => listen(legacyHttp(makeServer).handler, port),
  sse: (port) => {
    const sessions = new Map();
    return listen(async (request, response) => {
      if (request.method === "GET") {
        const transport = new SSEServerTransport("/messages", response);
        sessions.set(transport.sessionId, transport);
        return makeServer().connect(transport);
      }
      const transport = sessions.get(new URL(request.url, "http://localhost").searchParams.get("sessionId"));
      if (transport) await transport.handlePostMessage(request, response);
      else response.writeHead(404).end();
    }, port);
  },
  websocket: async (port) => {
    await serveWebSockets(makeServer, { port, token: null });
    console.error("listening");
  },
};

const [kind, port] = process.argv.slice(2);
await kinds[kind](Number(port));
