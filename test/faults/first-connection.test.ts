import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { McpServer } from "@modelcontextprotocol/server";
import { expect, it, onTestFinished } from "vitest";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { fixture } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";
import { sseServer } from "../support/sse-server.js";

const exec = promisify(execFile);
const stdio = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

async function webSocketServer(): Promise<string> {
  const server = await serveWebSockets(() => new McpServer({ name: "ws", version: "1" }), { token: null });
  onTestFinished(() => server.close());
  return server.url;
}

/** What it needs is loaded with its first connection, and Node 20 never forgets that a module could not be read. */
it.each<[string, () => unknown]>([
  ["on stdio", () => ({ mcpServers: { one: stdio } })],
  ["over HTTP", async () => (await httpServer()).url],
  ["over SSE", async () => ({ mcpServers: { one: { url: (await sseServer()).url, transport: "sse" } } })],
  ["over a WebSocket", webSocketServer],
  ["to two servers", () => ({ mcpServers: { one: stdio, two: stdio } })],
])("a first connection %s is made once the machine has descriptors again", async (_where, target) => {
  const program = ["-c", 'ulimit -n 256; exec "$0" "$@"', process.execPath, fixture("late-program.mjs")];
  const { stdout } = await exec("sh", [...program, JSON.stringify(await target())]);
  const [why, connected] = stdout.trim().split("\n");
  expect(why).toContain("file descriptors");
  expect(connected).toBe("connected");
});
