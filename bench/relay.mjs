// The least that a gateway can be, on the SDK's packages: node relay.mjs COMMAND ARGS…. Legacy era, one session for each client.
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Server } from "@modelcontextprotocol/server";
import { legacyHttp } from "./legacy-http.mjs";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "relay", version: "1" }, { versionNegotiation: { mode: "legacy" } });
await client.connect(new StdioClientTransport({ command, args }));
const capabilities = client.getServerCapabilities();

function relay() {
  const server = new Server(client.getServerVersion(), { capabilities });
  server.setRequestHandler("tools/list", ({ params }, { mcpReq }) =>
    client.listTools(params, { signal: mcpReq.signal }),
  );
  server.setRequestHandler("tools/call", ({ params }, { mcpReq }) =>
    client.callTool(params, { signal: mcpReq.signal }),
  );
  return server;
}

const http = createServer(legacyHttp(relay).handler);
http.listen(0, "127.0.0.1", () => console.error(`serving http://127.0.0.1:${http.address().port}/mcp`));
