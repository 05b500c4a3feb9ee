// The server of the benchmark: `stdio`, `http PORT` or `sse PORT`. Legacy era.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { make } from "./echo.mjs";
import { legacyHttp } from "./legacy-http.mjs";

const [mode, port, pidFile] = process.argv.slice(2);
if (pidFile) writeFileSync(pidFile, String(process.pid));
if (mode === "stdio") await make().connect(new StdioServerTransport());
if (mode === "http") {
  const { sessions, handler } = legacyHttp(make);
  const http = createServer(handler);
  // What a server does that is deployed anew behind a balancer: it is there, and knows nobody.
  process.on("SIGUSR2", () => sessions.clear());
  http.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${http.address().port}`));
}
if (mode === "sse") {
  const sessions = new Map();
  const http = createServer(async (request, response) => {
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      sessions.set(transport.sessionId, transport);
      return make().connect(transport);
    }
    const id = new URL(request.url, "http://localhost").searchParams.get("sessionId");
    await sessions.get(id)?.handlePostMessage(request, response);
  });
  http.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${http.address().port}`));
}
