// MCP over WebSockets: serves one server of yours on each socket, in either protocol era.
// Run it as it is: node examples/websocket-server.mjs [port] (after npm ci && npm run build)
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { WebSocketServer } from "ws";

/** The server's end of one socket, as the SDK's servers want it: for `server.connect(transport)` too. */
export class WebSocketServerTransport {
  constructor(socket) {
    this.socket = socket;
  }

  async start() {
    this.socket.on("message", (data) => {
      try {
        this.onmessage?.(JSON.parse(String(data)));
      } catch (error) {
        this.onerror?.(error);
      }
    });
    this.socket.on("error", (error) => this.onerror?.(error));
    this.socket.once("close", () => this.onclose?.());
  }

  send(message) {
    return new Promise((resolve, reject) =>
      this.socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve())),
    );
  }

  async close() {
    this.socket.close(1000);
  }
}

/**
 * Listens on the loopback interface. `makeServer` is called for each connection. Only who knows the token gets in
 * (`Authorization: Bearer TOKEN`; null: everybody on this machine), and no page in a browser does.
 */
export async function serveWebSockets(
  makeServer,
  { port = 0, token = randomBytes(24).toString("hex") } = {},
) {
  const http = createServer((_request, response) => response.writeHead(426).end("This is a WebSocket.\n"));
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has("mcp") && "mcp",
  });
  http.on("upgrade", (request, socket, head) => {
    // Who is refused may break the connection in any way.
    socket.on("error", () => {});
    const status = refusal(request, token, http.address().port);
    if (status) return socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      serveStdio(makeServer, { transport: new WebSocketServerTransport(accepted) });
    });
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const close = async () => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
    http.closeAllConnections();
    await once(http, "close");
  };
  return { url: `ws://127.0.0.1:${http.address().port}/mcp`, token, sockets: sockets.clients, close };
}

/** Why a request may not come in; undefined if it may. */
function refusal({ headers }, token, port) {
  // A page in a browser sends its Origin, and reaches us under another name when DNS was bent.
  if (headers.origin || ![`127.0.0.1:${port}`, `localhost:${port}`].includes(headers.host))
    return "403 Forbidden";
  const given = Buffer.from(headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  if (token !== null && (given.length !== wanted.length || !timingSafeEqual(given, wanted)))
    return "401 Unauthorized";
  return undefined;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const makeServer = () => {
    const server = new McpServer({ name: "example/websocket", version: "1.0.0" });
    server.registerTool("time", { description: "The time of day" }, () => ({
      content: [{ type: "text", text: new Date().toISOString() }],
    }));
    return server;
  };
  const { url, token } = await serveWebSockets(makeServer, { port: Number(process.argv[2] ?? 0) });
  console.log(`listening; try: npx holdfast tools ${url} --auth ${token}`);
}
