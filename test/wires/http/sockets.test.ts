import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { HttpWire, HttpWireOptions } from "../../../src/wires/http/wire.js";
import { request } from "../../support/hand-made-wire.js";
import { httpWire, INITIALIZED } from "../../support/http-wire.js";
import { quiet, rejection, until } from "../../support/settling.js";

type Answer = (
  message: { id?: number; method?: string },
  response: ServerResponse,
  request: IncomingMessage,
) => void;

/** A wire over sockets of its own to a server that answers as the test says. */
async function over(answer: Answer, options: Partial<HttpWireOptions> = {}) {
  const sockets = new Map<Socket, string[]>();
  const server = createServer({ keepAliveTimeout: 60_000 }, async (asked, response) => {
    let body = "";
    for await (const part of asked) body += part;
    const message = body ? JSON.parse(body) : { method: asked.method };
    sockets.set(asked.socket, [...(sockets.get(asked.socket) ?? []), message.method ?? "answer"]);
    answer(message, response, asked);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  return { ...(await httpWire(() => new Response(), { url, fetch: undefined, ...options })), sockets };
}
const json = (response: ServerResponse, id: unknown) =>
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ jsonrpc: "2.0", id, result: {} }));
const stream = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
const event = (message: object) => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;

/** One request, and the moment that its socket needs until it can be used again. */
async function kept(wire: HttpWire, id: number, method?: string): Promise<void> {
  await wire.send(request(id, method));
  await quiet();
}

describe("the sockets of one wire", () => {
  it("are used again, and each holds TCP's own keep-alive", async () => {
    const keepAlive = vi.spyOn((await import("node:net")).Socket.prototype, "setKeepAlive");
    const { wire, sockets } = await over(({ id }, response) => json(response, id));
    for (let i = 1; i < 6; i++) await kept(wire, i);
    expect([...sockets.values()]).toEqual([Array.from({ length: 5 }, () => "tools/call")]);
    expect(keepAlive).toHaveBeenCalledWith(true, expect.any(Number));
    keepAlive.mockRestore();
  });

  it("are new ones for each question whether the server lives, also where another question waits", async () => {
    const waiting: (() => void)[] = [];
    const { wire, sockets } = await over(({ id }, response) => {
      waiting.push(() => json(response, id));
      if (waiting.length === 2) for (const answer of waiting.splice(0)) answer();
    });
    for (const id of [1, 3])
      await Promise.all([wire.send(request(id, "ping")), wire.send(request(id + 1, "ping"))]);
    expect([...sockets.values()]).toEqual([["ping"], ["ping"], ["ping"], ["ping"]]);
  });

  it("are bounded for calls, and forty calls that ask something back do not lock each other out", async () => {
    const waiting = new Map<number, ServerResponse>();
    let most = 0;
    const { wire, heard } = await over(
      (message, response) => {
        if (message.method !== undefined) {
          waiting.set(message.id!, response);
          most = Math.max(most, waiting.size);
          stream(response).write(event({ id: `q${message.id}`, method: "elicitation/create" }));
          return;
        }
        response.writeHead(202).end();
        const id = Number(String(message.id).slice(1));
        waiting.get(id)!.end(event({ id, result: {} }));
        waiting.delete(id);
      },
      { maxSockets: 4 },
    );
    wire.onmessage = (message) => {
      heard.push(message);
      if ("method" in message && "id" in message)
        void wire.send({ jsonrpc: "2.0", id: message.id, result: { action: "decline" } });
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => wire.send(request(i))));
    await until(() => heard.filter((message) => "result" in (message as JSONRPCMessage)).length === 40);
    expect(most).toBe(4);
  });

  it("that a call waits for leave it unsent", async () => {
    const asked: number[] = [];
    const { wire } = await over(({ id }) => void asked.push(id!), { maxSockets: 1 });
    const first = rejection(wire.send(request(1)));
    await until(() => asked.length === 1);
    const second = rejection(wire.send(request(2)));
    expect([wire.isWaiting(1), wire.isWaiting(2)]).toEqual([false, true]);
    wire.cancel(2);
    expect(await second).toMatchObject({ message: "the request was given up" });
    wire.cancel(1);
    await first;
    const third = rejection(wire.send(request(3)));
    await until(() => asked.length === 2);
    expect(asked).toEqual([1, 3]);
    await wire.close();
    await third;
  });

  it("are two for the pings of a server, however many it sends and whatever becomes of the answers", async () => {
    let inbound: ServerResponse | undefined;
    const { wire, sockets } = await over(({ id, method }, response) => {
      if (method === "GET") inbound = stream(response);
      else if (method === "notifications/initialized") response.writeHead(202).end();
      else if (method !== undefined) json(response, id);
    });
    let pings = 0;
    wire.onmessage = (message) => {
      pings++;
      wire.send({ jsonrpc: "2.0", id: (message as { id: number }).id, result: {} }).catch(() => {});
    };
    await wire.send(INITIALIZED);
    await until(() => inbound !== undefined);
    for (let id = 1; id <= 500; id++) inbound!.write(event({ id, method: "ping" }));
    await until(() => pings === 500);
    // Another request is answered meanwhile.
    await wire.send(request(1));
    expect([...sockets.values()].filter((methods) => methods.includes("answer"))).toHaveLength(2);
  });

  it("of pings of ours are new ones, and end with them", async () => {
    const { wire, sockets } = await over(({ id }, response) => json(response, id));
    for (const [id, method] of [
      [1, "tools/call"],
      [2, "ping"],
      [3, "tools/call"],
      [4, "server/discover"],
    ] as const)
      await kept(wire, id, method);
    expect([...sockets.values()]).toEqual([["tools/call", "tools/call"], ["ping"], ["server/discover"]]);
    await until(() => [...sockets.keys()].filter((socket) => socket.destroyed).length === 2);
  });

  it("that give no sign are told apart from a server that takes its time", async () => {
    const { wire } = await over(
      ({ id, method }, response) => {
        if (method !== "never") json(response, id);
      },
      { quietMs: 40 },
    );
    wire.onSilentSocket = vi.fn();
    // On a new socket: nothing says that it is dead.
    const fresh = rejection(wire.send(request(1, "never")));
    await kept(wire, 2);
    const onKept = rejection(wire.send(request(3, "never")));
    await until(() => vi.mocked(wire.onSilentSocket!).mock.calls.length > 0);
    await wire.send(request(4));
    expect(wire.onSilentSocket).toHaveBeenCalledExactlyOnceWith(3);
    await wire.close();
    await Promise.all([fresh, onKept]);
  });
});

describe("a message that is larger than allowed", () => {
  it.each([
    ["a body", (response: ServerResponse) => response.writeHead(200, { "content-type": "application/json" })],
    ["an event", (response: ServerResponse) => stream(response).write("data: ") && response],
  ])("is not read to its end: %s", async (_what, begin) => {
    let sent = 0;
    const { wire, heard } = await over(
      (_message, response) => {
        begin(response);
        const chunk = Buffer.alloc(10_000, "x");
        const more = () => {
          if (response.destroyed || response.closed) return;
          sent += chunk.length;
          response.write(chunk, more);
        };
        more();
      },
      { maxMessageBytes: 100_000 },
    );
    const seen = await wire.send(request(1)).then(
      async () => {
        await until(() => heard.length > 0);
        return (heard[0] as { error: { data: unknown } }).error.data;
      },
      (error: unknown) => error,
    );
    expect(seen).toMatchObject({ code: "MESSAGE_TOO_LARGE", maxMessageBytes: 100_000 });
    const then = sent;
    await wire.close();
    expect(then).toBeLessThan(20_000_000);
  });
});
