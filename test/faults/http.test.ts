import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { closing, textOf } from "../support/fixtures.js";
import { httpServer, methodOf } from "../support/http-server.js";

type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;
/** What the caller saw: `answered`, the outcome of a loss, the server's own status, or the code of an error. */
type Seen = string | number;

const answer =
  (status: number, headers: Record<string, string> = {}, body = ""): Fault =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
const stream =
  (...parts: string[]): Fault =>
  (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const part of parts) response.write(part);
    return true;
  };
const thenCut =
  (fault: Fault): Fault =>
  (request, response) => {
    fault(request, response);
    setTimeout(() => request.socket.destroy(), 20);
    return true;
  };
/** The server does it, and its answer never arrives. */
const doneAndCut: Fault = (request, response) => {
  const write = response.write.bind(response);
  response.write = ((...args: never[]) => {
    if (
      !Buffer.from(args[0] as unknown as string)
        .toString()
        .includes('"result"')
    )
      return write(...(args as unknown as [string]));
    request.socket.destroy();
    return true;
  }) as never;
  return false;
};
const slowly =
  (ms: number): Fault =>
  (_request, response) => {
    const end = response.end.bind(response);
    response.end = ((...args: never[]) => {
      setTimeout(() => end(...(args as [])), ms);
      return response;
    }) as never;
    return false;
  };

/** The fault of one request; what a call that writes and a list see; how often the write was done. */
const rows: [name: string, fault: Fault, write: Seen, read: Seen, writes: number][] = [
  ["404: the session is gone", answer(404), "answered", "answered", 1],
  ["401", answer(401), 401, 401, 0],
  ["403", answer(403), 403, 403, 0],
  ["408", answer(408), 408, 408, 0],
  ["429", answer(429), 429, 429, 0],
  ["429 with Retry-After", answer(429, { "retry-after": "0" }), "answered", "answered", 1],
  ["500", answer(500), 500, 500, 0],
  ["502", answer(502), 502, 502, 0],
  ["503", answer(503), 503, 503, 0],
  ["503 with Retry-After", answer(503, { "retry-after": "0" }), "answered", "answered", 1],
  ["504", answer(504), 504, 504, 0],
  [
    "a socket that is cut before anything is done",
    (request) => !request.socket.destroy() || true,
    "unknown",
    "answered",
    0,
  ],
  ["a socket that is cut when it was done", doneAndCut, "unknown", "answered", 1],
  [
    "a stream that is cut in the middle",
    thenCut(stream(": hello\n\n", 'data: {"jsonrpc":')),
    "unknown",
    "answered",
    0,
  ],
  [
    "a stream that ends without an answer",
    (q, s) => stream(": hello\n\n")(q, s) && !!s.end(),
    "unknown",
    "answered",
    0,
  ],
  [
    "an answer that ends in the middle",
    thenCut(answer(200, { "content-type": "application/json", "content-length": "500" }, '{"jsonrpc"')),
    "unknown",
    "answered",
    0,
  ],
  ["slow to begin", slowly(300), "answered", "answered", 1],
  ["never an answer", () => true, "REQUEST_TIMEOUT", "REQUEST_TIMEOUT", 0],
  ["a stream that stalls", stream(": hello\n\n"), "REQUEST_TIMEOUT", "REQUEST_TIMEOUT", 0],
  [
    "a web page",
    answer(200, { "content-type": "text/html" }, "<html>"),
    "CLIENT_HTTP_UNEXPECTED_CONTENT",
    "CLIENT_HTTP_UNEXPECTED_CONTENT",
    0,
  ],
  [
    "garbage on the stream, and its end",
    (q, s) => stream("data: {]\n\n")(q, s) && !!s.end(),
    "unknown",
    "answered",
    0,
  ],
];

describe("one fault of Streamable HTTP", () => {
  for (const [name, fault, write, read, writes] of rows)
    it(`${name}: a write sees ${write}, a list sees ${read}, and nothing is done twice`, async () => {
      const server = await httpServer();
      const transport = closing(
        new StreamableHttpTransport({ url: server.url, era: "legacy", heartbeat: { intervalMs: 60_000 } }),
      );
      const session = await transport.connectSession();
      const meet = async (method: string, call: () => Promise<unknown>) => {
        let met = 0;
        server.control.fault = (request, response, body) =>
          methodOf(body) === method && met++ === 0 && fault(request, response);
        return call().then(
          () => "answered",
          (error) => error.outcome ?? error.status ?? error.code,
        );
      };
      // Anything but a timeout comes long before the deadline.
      const options = { timeout: write === "REQUEST_TIMEOUT" ? 300 : 30_000 };
      const done = () => server.counts.writes.get("w") ?? 0;
      expect(
        await meet("tools/call write", () =>
          session.callTool({ name: "write", arguments: { name: "w" } }, options),
        ),
      ).toBe(write);
      expect(done()).toBe(writes);
      expect(await meet("tools/list", () => session.listTools(undefined, options))).toBe(read);
      // Whatever happened to one request, the session goes on.
      server.control.fault = undefined;
      expect(textOf(await session.callTool({ name: "echo", arguments: { message: "on" } }))).toBe("Echo: on");
    });

  it("an answer to nobody, the answer twice, and one that comes late: each call gets its own, once", async () => {
    const server = await httpServer();
    let late: (() => void) | undefined;
    const text = (value: string) => ({ content: [{ type: "text", text: value }] });
    const data = (id: unknown, value: string) =>
      `data: ${JSON.stringify({ jsonrpc: "2.0", id, result: text(value) })}\n\n`;
    server.control.fault = (request, response, body) => {
      if (methodOf(body) !== "tools/call write") return false;
      const { id } = JSON.parse(body);
      if (late)
        return stream(data(987654, "to nobody"), data(id, "mine"), data(id, "again"))(request, response);
      late = () => response.writable && response.write(data(id, "too late"));
      return stream(": hello\n\n")(request, response);
    };
    const transport = closing(new StreamableHttpTransport({ url: server.url, era: "legacy" }));
    const session = await transport.connectSession();
    const call = () => session.callTool({ name: "write", arguments: { name: "w" } }, { timeout: 300 });
    expect(await call().catch((error) => error.code)).toBe("REQUEST_TIMEOUT");
    const next = call();
    late!();
    expect(textOf(await next)).toBe("mine");
    expect(textOf(await call())).toBe("mine");
    expect(transport.status).toMatchObject({ epoch: 1, inFlight: 0 });
  });

  it("an answer stream with event ids that ends is resumed where it was, after the server's retry", async () => {
    const server = await httpServer();
    const resumed: [string | undefined, number][] = [];
    let id: unknown;
    let endedAt = 0;
    server.control.fault = (request, response, body) => {
      if (methodOf(body) === "tools/call write") {
        id = JSON.parse(body).id;
        stream("id: event-7\nretry: 300\ndata: \n\n")(request, response);
        response.end();
        endedAt = Date.now();
        return true;
      }
      if (request.method !== "GET" || !request.headers["last-event-id"]) return false;
      resumed.push([request.headers["last-event-id"] as string, Date.now() - endedAt]);
      const result = { content: [{ type: "text", text: "resumed" }] };
      stream(`id: event-8\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`)(request, response);
      return true;
    };
    const transport = closing(new StreamableHttpTransport({ url: server.url, era: "legacy" }));
    const session = await transport.connectSession();
    expect(textOf(await session.callTool({ name: "write", arguments: { name: "w" } }))).toBe("resumed");
    expect(resumed).toHaveLength(1);
    expect(resumed[0]![0]).toBe("event-7");
    expect(resumed[0]![1]).toBeGreaterThanOrEqual(290);
    expect(transport.status.epoch).toBe(1);
  });

  it("an answer stream that cannot be resumed: given up after three attempts, as done or not", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    const server = await httpServer();
    let resumptions = 0;
    server.control.fault = (request, response, body) => {
      if (methodOf(body) === "tools/call write") {
        stream("id: event-7\nretry: 1\ndata: \n\n")(request, response);
        response.end();
        return true;
      }
      if (request.method !== "GET" || !request.headers["last-event-id"]) return false;
      resumptions++;
      return answer(500)(request, response);
    };
    const transport = closing(new StreamableHttpTransport({ url: server.url, era: "legacy" }));
    const session = await transport.connectSession();
    const error = await session
      .callTool({ name: "write", arguments: { name: "w" } })
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(resumptions).toBe(3);
    expect(transport.status.epoch).toBe(1);
    random.mockRestore();
  });

  it("a server that speaks no TLS: a clear error at once", async () => {
    const server = await httpServer();
    const transport = closing(new StreamableHttpTransport({ url: server.url.replace("http:", "https:") }));
    const error = await transport.connectSession().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "CONNECT_FAILED" });
  });
});
