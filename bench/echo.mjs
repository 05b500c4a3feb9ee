// The server that echo-server.mjs runs. Of the SDK 2, nothing but what is measured.
import { McpServer } from "@modelcontextprotocol/server";
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
