// The least that is a server of the protocol, without the SDK and without checks, so that what is measured is the client.
// `smallest-server.mjs stdio`; or `http`, `sse`, `ws`, which print their port. Over HTTP, /mcp answers in JSON, /stream in a
// stream of events, and /modern in the modern era. Tools: echo { message }, big { size }.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { WebSocketServer } from "ws";

const tools = ["echo", "big"].map((name) => ({ name, inputSchema: { type: "object" } }));
const serverInfo = { name: "smallest", version: "1" };
const cached = { ttlMs: 0, cacheScope: "private" };
const texts = new Map();
const textOf = (size) => texts.get(size) ?? texts.set(size, "x".repeat(size)).get(size);

const results = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo }),
  "tools/list": () => ({ tools }),
  "tools/call": ({ name, arguments: given }) => ({
    content: [{ type: "text", text: name === "big" ? textOf(given.size) : given.message }],
  }),
  ping: () => ({}),
};
const modernResults = {
  ...results,
  "server/discover": () => ({
    ...cached,
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {} },
    _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
  }),
  "tools/list": () => ({ ...cached, tools }),
};

/** The answer to a message; undefined for one that wants none. */
function answerTo({ id, method, params }, modern = false) {
  if (id === undefined || method === undefined) return undefined;
  const make = (modern ? modernResults : results)[method];
  if (!make) return { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } };
  const result = make(params);
  return { jsonrpc: "2.0", id, result: modern ? { ...result, resultType: "complete" } : result };
}

/** A server in this program. */
export const memoryServer = () => ({
  async connect(transport) {
    transport.onmessage = (message) => {
      const answer = answerTo(message);
      if (answer) void transport.send(answer);
    };
    await transport.start();
  },
  async close() {},
});

/** Calls `take` for each line of a stream of bytes. */
export function lines(stream, take) {
  let rest = [];
  stream.on("data", (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const line = chunk.subarray(from, at);
      take((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString());
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  });
}

function stdio() {
  lines(process.stdin, (line) => {
    const answer = answerTo(JSON.parse(line));
    if (answer) process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
}

const EVENTS = { "content-type": "text/event-stream" };
const event = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

let sessions = 0;
async function http(request, response) {
  if (request.method === "GET") return response.writeHead(200, EVENTS).write(": open\n\n");
  if (request.method === "DELETE") return response.writeHead(200).end();
  const message = await bodyOf(request);
  if (message.method === "subscriptions/listen") {
    const _meta = { "io.modelcontextprotocol/subscriptionId": message.id };
    const method = "notifications/subscriptions/acknowledged";
    const params = { notifications: message.params.notifications, _meta };
    return response.writeHead(200, EVENTS).write(event({ jsonrpc: "2.0", method, params }));
  }
  const answer = answerTo(message, request.url === "/modern");
  if (!answer) return response.writeHead(202).end();
  const session = message.method === "initialize" ? { "mcp-session-id": `s${++sessions}` } : {};
  if (request.url === "/stream") return response.writeHead(200, { ...session, ...EVENTS }).end(event(answer));
  const text = JSON.stringify(answer);
  const length = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  response.writeHead(200, { ...session, ...length }).end(text);
}

const streams = new Map();
async function sse(request, response) {
  const session = new URL(request.url, "http://localhost").searchParams.get("session");
  if (request.method === "GET") {
    const id = `s${++sessions}`;
    streams.set(id, response);
    return response.writeHead(200, EVENTS).write(`event: endpoint\ndata: /message?session=${id}\n\n`);
  }
  const answer = answerTo(await bodyOf(request));
  response.writeHead(202).end();
  if (answer) streams.get(session).write(event(answer));
}

function ws(server) {
  new WebSocketServer({ server, handleProtocols: () => "mcp" }).on("connection", (socket) =>
    socket.on("message", (data) => {
      const answer = answerTo(JSON.parse(data.toString()));
      if (answer) socket.send(JSON.stringify(answer));
    }),
  );
}

function listen(kind) {
  const server = createServer({ keepAliveTimeout: 300_000 }, kind === "sse" ? sse : http);
  if (kind === "ws") ws(server);
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === "stdio") stdio();
  else listen(process.argv[2]);
}
