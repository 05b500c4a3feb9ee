import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocketServer } from "ws";
import type { Session } from "../../src/contract/session.js";
import { inferTransport } from "../../src/infer/infer.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { ClientTransport } from "../../src/transports/transport.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { badAnswers, goodAnswer, randomOf } from "../fixtures/mutations.mjs";
import { closing } from "../support/fixtures.js";
import { runsOf } from "../support/runs.js";

const IN_MEMORY = runsOf(8_000);
const OVER_A_WIRE = runsOf(200);
const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
console.log(`answers are changed by HOLDFAST_SEED=${seed}`);
/** No answer that names its call takes so long; one that names none is waited for as long. */
const DEADLINE_MS = 10_000;
const WIDE = 100;
const TIMEOUT_MS = 3_600_000;

/** What a session can ask, each method of the protocol; `modern` where the revision has it. */
const ASK: [modern: boolean, ask: (session: Session, options: object) => Promise<unknown>][] = [
  [true, (session, options) => session.listTools(undefined, options)],
  [true, (session, options) => session.listPrompts(undefined, options)],
  [true, (session, options) => session.listResources(undefined, options)],
  [true, (session, options) => session.listResourceTemplates(undefined, options)],
  [true, (session, options) => session.callTool({ name: "a", arguments: {} }, options)],
  [true, (session, options) => session.readResource({ uri: "x:a" }, options)],
  [true, (session, options) => session.getPrompt({ name: "a" }, options)],
  [
    true,
    (session, options) =>
      session.complete(
        { ref: { type: "ref/prompt", name: "a" }, argument: { name: "a", value: "" } },
        options,
      ),
  ],
  [false, (session, options) => session.ping(options)],
  [false, (session, options) => session.setLoggingLevel("debug", options)],
  [false, (session, options) => session.subscribeResource({ uri: "x:a" }, options)],
  [false, (session, options) => session.unsubscribeResource({ uri: "x:a" }, options)],
];

interface Request {
  id: unknown;
  method: string;
  params?: Record<string, unknown>;
}

/** A server whose answers to everything but the handshake are changed at random. */
class BadServer {
  readonly #random = randomOf(seed);
  /** Answers that name no call: the calls that may wait for their deadlines. */
  nameless = 0;

  constructor(private readonly modern: boolean) {}

  answers(message: Request): unknown[] {
    if (message.id === undefined || message.method === undefined) return [];
    const unknown = { jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "Method not found" } };
    if (message.method === "server/discover" && !this.modern) return [unknown];
    const good = goodAnswer(message);
    if (good) return [good];
    const { messages, named } = badAnswers(message, this.#random, this.modern);
    if (!named) this.nameless++;
    return messages;
  }
}

class BadTransport extends ClientTransport {
  constructor(
    private readonly server: BadServer,
    era: "legacy" | "modern",
  ) {
    super({ era }, { kind: "bad", name: "bad" });
  }

  protected override openWire() {
    return new MemoryWire(async (side) => {
      side.onmessage = (message) => {
        for (const answer of this.server.answers(message as never)) void side.send(answer as never);
      };
      await side.start();
      return () => side.close();
    });
  }

  override fork(): BadTransport {
    return new BadTransport(this.server, "legacy");
  }
}

/** Asks so many things, many at once; every call settles. Gives how many waited for their deadlines. */
async function storm(transport: ClientTransport, modern: boolean, calls: number): Promise<number> {
  const session = await transport.connectSession({ onError: () => {}, onLog: () => {} });
  const asks = ASK.filter(([both]) => both || !modern);
  let left = calls;
  let late = 0;
  const ask = async () => {
    while (left-- > 0) {
      const settled = asks[left % asks.length]![1](session, { timeout: DEADLINE_MS });
      await settled.catch((error: { code?: unknown; message: string }) => {
        if (error.code === "REQUEST_TIMEOUT") late++;
        expect(error.message.length, error.message).toBeLessThan(1_000);
      });
    }
  };
  await Promise.all(Array.from({ length: WIDE }, ask));
  // What the connection asked by itself, a list that it was told has changed, settles like everything else.
  await vi.waitFor(() => expect(transport.status.inFlight).toBe(0), { timeout: TIMEOUT_MS, interval: 20 });
  expect(transport.status).toMatchObject({ state: "connected", epoch: 1 });
  return late;
}

const serving = async (listener: (request: IncomingMessage, response: ServerResponse) => void) => {
  const http = createServer(listener);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
};

const bodyOf = async (request: IncomingMessage): Promise<Request> => {
  let body = "";
  for await (const chunk of request) body += chunk;
  return JSON.parse(body);
};

const event = (message: unknown) => `data: ${JSON.stringify(message)}\n\n`;

/** Answers in the body or on its stream, by turns. */
async function overHttp(server: BadServer): Promise<string> {
  let turn = 0;
  const { url } = await serving(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const answers = server.answers(await bodyOf(request));
    if (answers.length === 0) return void response.writeHead(202).end();
    if (answers.length > 1 || turn++ % 2 === 0) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(answers.map(event).join(""));
    } else {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answers[0]));
    }
  });
  return `${url}/mcp`;
}

async function overSse(server: BadServer): Promise<string> {
  let stream: ServerResponse | undefined;
  const { url } = await serving(async (request, response) => {
    if (request.method === "GET") {
      stream = response.writeHead(200, { "content-type": "text/event-stream" });
      stream.write("event: endpoint\ndata: /messages\n\n");
      return;
    }
    const answers = server.answers(await bodyOf(request));
    response.writeHead(202).end();
    for (const answer of answers) stream?.write(event(answer));
  });
  return `${url}/sse`;
}

async function overWebSocket(server: BadServer): Promise<string> {
  const { http, url } = await serving((_request, response) => void response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) =>
    socket.on("message", (data) => {
      for (const answer of server.answers(JSON.parse(String(data)))) socket.send(JSON.stringify(answer));
    }),
  );
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });
  return url.replace("http", "ws");
}

describe(`whatever a server answers, each call settles and nothing throws (HOLDFAST_SEED=${seed})`, () => {
  it.each(["legacy", "modern"] as const)(
    "in memory, %s",
    async (era) => {
      const server = new BadServer(era === "modern");
      const late = await storm(closing(new BadTransport(server, era)), era === "modern", IN_MEMORY / 2);
      expect(late).toBeLessThanOrEqual(server.nameless);
    },
    TIMEOUT_MS,
  );

  it.each([
    ["Streamable HTTP, legacy", overHttp, "legacy"],
    ["Streamable HTTP, modern", overHttp, "modern"],
    ["SSE", overSse, "legacy"],
    ["WebSocket, legacy", overWebSocket, "legacy"],
    ["WebSocket, modern", overWebSocket, "modern"],
  ] as const)(
    "over %s",
    async (_what, serve, era) => {
      const modern = era === "modern";
      const server = new BadServer(modern);
      const url = await serve(server);
      const transport = closing(inferTransport(url, { heartbeat: false, ...(serve !== overSse && { era }) }));
      expect(await storm(transport, modern, OVER_A_WIRE)).toBeLessThanOrEqual(server.nameless);
    },
    TIMEOUT_MS,
  );

  it.each(["legacy", "modern"] as const)(
    "over stdio, %s",
    async (era) => {
      const fixture = join(import.meta.dirname, "../fixtures/bad-server.mjs");
      const transport = closing(
        new StdioTransport({ command: process.execPath, args: [fixture, String(seed), era], era }),
      );
      // What the server sends is counted in a process of its own; few of a hundred name nobody.
      expect(await storm(transport, era === "modern", OVER_A_WIRE)).toBeLessThan(5 + OVER_A_WIRE / 20);
    },
    TIMEOUT_MS,
  );

  it(
    "in the handshake, in memory",
    async () => {
      const random = randomOf(seed);
      for (let tries = 0; tries < OVER_A_WIRE; tries++) {
        const server = new BadServer(false);
        server.answers = (message) =>
          message.id === undefined ? [] : badAnswers(message, random, false).messages;
        const transport = new BadTransport(server, "legacy");
        const session = await transport
          .connectSession({ signal: AbortSignal.timeout(500) })
          .catch(() => undefined);
        await session?.listTools({}, { timeout: 100 }).catch(() => undefined);
        await transport.close();
      }
    },
    TIMEOUT_MS,
  );
});
