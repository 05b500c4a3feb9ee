import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { run } from "./loop.mjs";

await run(async ({ kind, url, command, args }) => {
  if (kind === "ws") throw new Error("no WebSocket");
  const client = new Client({ name: "raw", version: "1" });
  await client.connect(
    kind === "stdio"
      ? new StdioClientTransport({ command, args })
      : new (kind === "sse" ? SSEClientTransport : StreamableHTTPClientTransport)(new URL(url)),
  );
  return {
    call: () => client.callTool({ name: "echo", arguments: { message: "x" } }),
    close: () => client.close(),
  };
});
