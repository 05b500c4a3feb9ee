import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { WebSocketServer } from "ws";
import type { ServerLike } from "../../src/transports/memory.js";

type Said = { id?: string | number; method?: string; params?: Record<string, unknown>; result?: object };
type Say = (message: object) => void;

/** A call that came in. It asks and is answered when a test says so. */
interface Called {
  key: string;
  id: string | number;
  /** Where its answer goes, and what it asks; undefined: nothing can be said on it any more. */
  say: Say | undefined;
  /** Where the server speaks without a call. */
  aside: () => Say | undefined;
  inputs: Record<string, { content?: { who?: number } }> | undefined;
  answered: boolean;
}

const ABOUT = { capabilities: { tools: {} }, serverInfo: { name: "asking", version: "1" } };
const COMPLETE = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
const QUESTION = { mode: "form", message: "who?", requestedSchema: { type: "object", properties: {} } };

/** A server by hand, in either era, whose calls ask for their caller's name whenever a test says so. */
export class AskingServer {
  readonly calls = new Map<string, Called>();
  readonly #waiting = new Map<string | number, (answer: Said) => void>();
  readonly #arrivals = new Map<string, () => void>();
  #questions = 0;

  constructor(readonly modern: boolean) {}

  /** Settles when a call with this key came in, or came back with what it had asked. */
  arrival(key: string): Promise<void> {
    return new Promise((resolve) => this.#arrivals.set(key, resolve));
  }

  answer(key: string): void {
    const call = this.calls.get(key)!;
    call.answered = true;
    call.say?.(this.#result(call.id, { content: [{ type: "text", text: key }] }));
  }

  /** Asks on the stream of a call, or aside; what `who` was answered, or undefined where nobody answered. */
  ask(say: Say): Promise<number | undefined> {
    const id = `q${++this.#questions}`;
    const answer = new Promise<Said>((resolve) => this.#waiting.set(id, resolve));
    say({ jsonrpc: "2.0", id, method: "elicitation/create", params: QUESTION });
    return answer.then(({ result }) => (result as { content?: { who?: number } } | undefined)?.content?.who);
  }

  /** Asks in the answer to a call: settles with who answered once the call comes back. */
  async askInAnswer(key: string): Promise<number | undefined> {
    const call = this.calls.get(key)!;
    const back = this.arrival(key);
    const inputRequests = { q: { method: "elicitation/create", params: QUESTION } };
    call.say?.({
      jsonrpc: "2.0",
      id: call.id,
      result: { resultType: "input_required", requestState: key, inputRequests },
    });
    await back;
    return this.calls.get(key)!.inputs?.["q"]?.content?.who;
  }

  /** One message of a client; `say` answers it, `aside` speaks without it. */
  receive(message: Said, say: Say, aside: () => Say | undefined): void {
    const { id, method, params = {} } = message;
    if (id === undefined) return;
    if (method === undefined) this.#waiting.get(id)?.(message);
    else if (method === "tools/call") this.#called(id, params, say, aside);
    else say(this.#known(id, method, params));
  }

  #called(
    id: string | number,
    params: Record<string, unknown>,
    say: Say,
    aside: () => Say | undefined,
  ): void {
    const { key } = params["arguments"] as { key: string };
    const inputs = params["inputResponses"] as Called["inputs"];
    this.calls.set(key, { key, id, say, aside, inputs, answered: false });
    this.#arrivals.get(key)?.();
  }

  #known(id: string | number, method: string, params: Record<string, unknown>): object {
    const tools = [{ name: "work", inputSchema: { type: "object" } }];
    if (method === "tools/list") return this.#result(id, { tools });
    if (method === "ping") return this.#result(id, {});
    if (this.modern && method === "server/discover")
      return this.#result(id, { supportedVersions: ["2026-07-28"], ...ABOUT });
    if (!this.modern && method === "initialize")
      return this.#result(id, { protocolVersion: params["protocolVersion"], ...ABOUT });
    return { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } };
  }

  #result(id: string | number, result: object): object {
    return { jsonrpc: "2.0", id, result: this.modern ? { ...COMPLETE, ...result } : result };
  }
}

/** The server in this program, message by message. */
export const inMemory = (server: () => AskingServer): ServerLike => ({
  async connect(side: {
    onmessage?: (message: JSONRPCMessage) => void;
    send(message: unknown): Promise<void>;
    start(): Promise<void>;
  }) {
    const say: Say = (message) => void side.send(message).catch(() => {});
    side.onmessage = (message) => server().receive(message as Said, say, () => say);
    await side.start();
  },
});

/** Carries the lines of a process's pipes to a port of this program, where the server is. */
const BRIDGE = `const s = require("net").connect(Number(process.argv[1]), "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout);`;

/**
 * The server behind Streamable HTTP, with a stream for what no call carries, behind HTTP+SSE, WebSocket, and the pipes of a
 * process. `server` is asked for each message.
 */
export async function onSockets(server: () => AskingServer) {
  const sockets = new Set<Socket>();
  let inbound: ServerResponse | undefined;
  const aside = () =>
    inbound && !inbound.destroyed ? (message: object) => void inbound?.write(eventOf(message)) : undefined;
  const streams: ServerResponse[] = [];
  const http = createServer(async (request, response) => {
    if (request.url === "/sse") {
      const endpoint = `event: endpoint\ndata: /post?${streams.push(response) - 1}\n\n`;
      return void response.writeHead(200, { "content-type": "text/event-stream" }).write(endpoint);
    }
    if (request.url?.startsWith("/post?")) {
      const stream = streams[Number(request.url.slice("/post?".length))]!;
      const say: Say = (message) => void (stream.destroyed || stream.write(eventOf(message)));
      server().receive(JSON.parse(await text(request)), say, () => say);
      return void response.writeHead(202).end();
    }
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
      inbound = response;
      return;
    }
    if (request.method !== "POST") return void response.writeHead(200).end();
    const message: Said = JSON.parse(await text(request));
    const isCall = message.method === "tools/call";
    if (isCall) response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (answer: object) => {
      if (response.writableEnded || response.destroyed) return;
      if (!isCall) return void json(response, answer);
      response.write(eventOf(answer));
      if (!("method" in answer)) response.end();
    };
    server().receive(message, say, aside);
    if (message.id === undefined || message.method === undefined) response.writeHead(202).end();
  });
  http.on("connection", (socket) => sockets.add(socket));
  const wss = new WebSocketServer({ server: http });
  wss.on("connection", (ws) => {
    const say: Say = (message) => ws.send(JSON.stringify(message));
    ws.on("error", () => {});
    ws.on("message", (data) => server().receive(JSON.parse(String(data)), say, () => say));
  });
  const tcp = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const say: Say = (message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`));
    createInterface({ input: socket }).on("line", (line) =>
      server().receive(JSON.parse(line), say, () => say),
    );
  });
  const port = await listening(http);
  const address = `127.0.0.1:${port}/mcp`;
  const bridge = { command: process.execPath, args: ["-e", BRIDGE, String(await listening(tcp))] };
  const stop = async () => {
    wss.close();
    for (const socket of sockets) socket.destroy();
    http.close();
    tcp.close();
    await Promise.all([once(http, "close"), once(tcp, "close")]);
  };
  const sse = `http://127.0.0.1:${port}/sse`;
  return { http: `http://${address}`, ws: `ws://${address}`, sse, stdio: bridge, stop };
}

async function listening(one: Server): Promise<number> {
  one.listen(0, "127.0.0.1");
  await once(one, "listening");
  return (one.address() as AddressInfo).port;
}

const eventOf = (message: object) => `data: ${JSON.stringify(message)}\n\n`;
const json = (response: ServerResponse, message: object) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
