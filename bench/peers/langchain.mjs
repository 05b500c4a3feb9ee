import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { run } from "./loop.mjs";

const { MultiServerMCPClient } = await import(
  pathToFileURL(createRequire(new URL("../.peers/", import.meta.url)).resolve("@langchain/mcp-adapters")).href
);

await run(async ({ kind, url, command, args }) => {
  if (kind === "ws") throw new Error("no WebSocket");
  const again = { enabled: true, maxAttempts: 5, delayMs: 250 };
  const server =
    kind === "stdio"
      ? { transport: "stdio", command, args, restart: again }
      : { transport: kind, url, reconnect: again };
  const client = new MultiServerMCPClient({ mcpServers: { s: server } });
  const tool = (await client.getTools()).find(({ name }) => name.endsWith("echo"));
  return { call: () => tool.invoke({ message: "x" }), close: () => client.close() };
});
