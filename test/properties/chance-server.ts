import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";

const REFUSALS = [400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 501, 502, 503, 504, 599];
const REDIRECTS = [301, 302, 303, 307, 308];
const RETRY_AFTER = ["0", "1", "3600", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "-1", ""];

/** What one request meets. `done`: the server does what is asked before. */
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("json", "stream", "gzip"), ms: fc.nat(8) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("refuse"),
      status: fc.constantFrom(...REFUSALS),
      body: fc.constantFrom("", "no", "<html>no</html>", "rpc", "rpc-null", "{"),
      retryAfter: fc.option(fc.constantFrom(...RETRY_AFTER), { nil: undefined }),
      done: fc.boolean(),
      ms: fc.nat(8),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("redirect"),
      status: fc.constantFrom(...REDIRECTS),
      to: fc.constantFrom("same", "elsewhere", "nowhere"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("cut"),
      at: fc.constantFrom("once", "head", "body", "event"),
      done: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("202", "204", "empty", "page", "garbage", "stream-ends", "polled", "unfinished"),
      done: fc.boolean(),
      ms: fc.nat(8),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("never"), done: fc.boolean() }) },
);
type Fate = { kind: string } & Partial<Record<"status" | "ms", number>> &
  Partial<Record<"body" | "retryAfter" | "to" | "at", string>> & { done?: boolean };

/** How one program goes: what its server does with each request, in the order in which they come, and what is called. */
export const program = fc.record({
  fates: fc.array(fate as fc.Arbitrary<Fate>, { minLength: 1, maxLength: 14 }),
  inbound: fc.constantFrom(200, 204, 400, 401, 403, 404, 405, 409, 500, 503),
  calls: fc.array(fc.record({ tool: fc.constantFrom("bump", "safe"), gapMs: fc.nat(6) }), {
    minLength: 1,
    maxLength: 5,
  }),
});
export type Program = typeof program extends fc.Arbitrary<infer P> ? P : never;

interface Playing {
  program: Program;
  next: number;
  session: number;
  done: Map<string, number>;
  polled: Map<string, unknown>;
}

/** A server on which each program has an address of its own, and which keeps the books of what it did. */
export async function chanceServer() {
  const playing = new Map<string, Playing>();
  const server = createServer(async (request, response) => {
    response.on("error", () => {});
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const path = new URL(request.url!, "http://here").pathname;
    const play = playing.get(path);
    if (!play) return void response.writeHead(410).end();
    await answer(play, request, response, Buffer.concat(parts).toString()).catch(() => response.destroy());
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    begin(name: string, of: Program) {
      const play: Playing = { program: of, next: 0, session: 1, done: new Map(), polled: new Map() };
      playing.set(`/${name}`, play);
      return {
        url: `http://127.0.0.1:${port}/${name}`,
        done: play.done,
        end: () => playing.delete(`/${name}`),
      };
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const TOOLS = ["bump", "safe"].map((name) => ({
  name,
  inputSchema: { type: "object" },
  ...(name === "safe" && { annotations: { readOnlyHint: true } }),
}));
const HELLO = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "c", version: "1" },
};
const EVENTS = { "content-type": "text/event-stream" };
const event = (message: unknown, id = "") => `${id && `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;

async function answer(play: Playing, request: IncomingMessage, response: ServerResponse, body: string) {
  if (request.method === "GET") return streamed(play, request, response);
  if (request.method !== "POST") return void response.writeHead(200).end();
  const { id, method, params } = JSON.parse(body);
  const json = (result: unknown, headers = {}) =>
    response
      .writeHead(200, { "content-type": "application/json", ...headers })
      .end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  if (method === "initialize") return void json(HELLO, { "mcp-session-id": `s${play.session}` });
  if (id === undefined) return void response.writeHead(202).end();
  if (request.headers["mcp-session-id"] !== `s${play.session}`) return void response.writeHead(404).end();
  if (method === "tools/list") return void json({ tools: TOOLS });
  if (method !== "tools/call") return void json({});
  const key = params.arguments.key as string;
  const result = { jsonrpc: "2.0", id, result: { content: [{ type: "text", text: key }] } };
  await meet(play, {
    request,
    response,
    id,
    key,
    result,
    fate: play.program.fates[play.next++] ?? { kind: "json" },
  });
}

interface Meeting {
  request: IncomingMessage;
  response: ServerResponse;
  id: unknown;
  key: string;
  result: object;
  fate: Fate;
}

async function meet(play: Playing, { request, response, id, key, result, fate }: Meeting): Promise<void> {
  const { kind, ms = 0, status = 200 } = fate;
  const does = () => void play.done.set(key, (play.done.get(key) ?? 0) + 1);
  const text = JSON.stringify(result);
  const type = { "content-type": "application/json" };
  if (["json", "stream", "gzip"].includes(kind)) {
    does();
    response.writeHead(
      200,
      kind === "stream" ? EVENTS : { ...type, ...(kind === "gzip" && { "content-encoding": "gzip" }) },
    );
    await pause(ms);
    return void response.end(kind === "stream" ? event(result) : kind === "gzip" ? gzipSync(text) : text);
  }
  if (kind === "forget") {
    play.session++;
    return void response.writeHead(404).end();
  }
  if (kind === "redirect") {
    const location = { same: request.url!, elsewhere: "http://localhost:1/x", nowhere: undefined }[fate.to!];
    return void response.writeHead(status, location ? { location } : {}).end();
  }
  // A server that says when to come back, or that it knows no such session, says that it did nothing.
  const honest = kind === "refuse" && (status === 400 || status === 404 || fate.retryAfter !== undefined);
  if (kind === "polled" || (fate.done && !honest)) does();
  if (kind === "never") return;
  if (kind === "refuse") {
    const error = {
      jsonrpc: "2.0",
      id: fate.body === "rpc" ? id : null,
      error: { code: -32000, message: "no" },
    };
    response.writeHead(status, fate.retryAfter ? { "retry-after": fate.retryAfter } : {}).flushHeaders();
    await pause(ms);
    return void response.end(fate.body!.startsWith("rpc") ? JSON.stringify(error) : fate.body);
  }
  if (kind === "cut") {
    if (fate.at === "head") response.socket!.write("HTTP/1.1 200 O");
    if (fate.at === "body")
      response.writeHead(200, { ...type, "content-length": "500" }).write(text.slice(0, 20));
    if (fate.at === "event") response.writeHead(200, EVENTS).write(event(result).slice(0, 30));
    await pause(1);
    return void request.socket.destroy();
  }
  await pause(ms);
  if (kind === "202" || kind === "204") return void response.writeHead(Number(kind)).end();
  if (kind === "empty") return void response.writeHead(200, type).end();
  if (kind === "page")
    return void response.writeHead(200, { "content-type": "text/html" }).end("<html>hi</html>");
  if (kind === "garbage")
    return void response.writeHead(200, type).end(`{"jsonrpc":"2.0","id":${id},"result":{`);
  if (kind === "unfinished") return void response.writeHead(200, EVENTS).end(event(result).slice(0, -9));
  if (kind === "polled") play.polled.set(key, result);
  response.writeHead(200, EVENTS).end(kind === "polled" ? `id: ${key}\nretry: 5\ndata: \n\n` : ": bye\n\n");
}

/** The inbound stream, or the rest of an answer that is polled for. */
function streamed(play: Playing, request: IncomingMessage, response: ServerResponse): void {
  const key = request.headers["last-event-id"] as string | undefined;
  const rest = key === undefined ? undefined : play.polled.get(key);
  if (rest) return void response.writeHead(200, EVENTS).end(event(rest, "last"));
  const { inbound } = play.program;
  response.writeHead(inbound, inbound === 200 ? EVENTS : {});
  if (inbound === 200) response.write(": hello\n\n");
  else response.end();
}
