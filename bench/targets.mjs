// A server for many connections of a kind, and what opens one that was used once.
import { fileURLToPath } from "node:url";
import { clients, SERVERS, startServer } from "./clients.mjs";
import { memoryServer } from "./smallest-server.mjs";

const light = { command: "sh", args: [fileURLToPath(new URL("./light-server.sh", import.meta.url))] };
const PATHS = { http: "/mcp", sse: "/sse", ws: "/" };

export const CALL = { name: "echo", arguments: { message: "hello" } };

export async function openMany(kind, side = "holdfast") {
  const network = PATHS[kind] && (await startServer(SERVERS.smallest, kind));
  const url = network && `${kind === "ws" ? "ws" : "http"}://127.0.0.1:${network.port}${PATHS[kind]}`;
  return {
    async open() {
      const one = await clients[kind][side](url ?? (kind === "memory" ? memoryServer() : light));
      await one.client.callTool(CALL);
      return one;
    },
  };
}
