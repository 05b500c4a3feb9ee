// The server of the benchmark: `stdio`, or `http PORT`. Of the SDK 2, legacy era, nothing but what is measured.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const big = "x".repeat(4 * 1024 * 1024);

export function make() {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  server.registerTool("echo", { inputSchema: z.object({ message: z.string() }) }, ({ message }) => ({
    content: [{ type: "text", text: message }],
  }));
  server.registerTool("big", {}, () => ({ content: [{ type: "text", text: big }] }));
  return server;
}

const [mode, port, pidFile] = process.argv.slice(2);
if (pidFile) writeFileSync(pidFile, String(process.pid));
if (mode === "stdio") await make().connect(new StdioServerTransport());
if (mode === "http") {
  const sessions = new Map();
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    let transport = sessions.get(id);
    if (!transport && id !== undefined) return void response.writeHead(404).end();
    if (!transport) {
      transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (created) => sessions.set(created, transport),
      });
      await make().connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  // What a server does that is deployed anew behind a balancer: it is there, and knows nobody.
  process.on("SIGUSR2", () => sessions.clear());
  http.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${http.address().port}`));
}
