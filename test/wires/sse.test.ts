import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { SseWire, type SseWireOptions } from "../../src/wires/sse.js";
import { type Asked, eventStream, fakeFetch, networkFailure, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { rejection, settled, until } from "../support/settling.js";

type Answer = (asked: Asked) => Response | Promise<Response>;

const accepted = () => new Response(null, { status: 202 });
const quiet = async () => {
  for (let i = 0; i < 4; i++) await settled();
};

/** A wire whose server answers its stream and its posts as a test says. */
function sseWire(stream: Answer, post: Answer = accepted, options: Partial<SseWireOptions> = {}) {
  const network = fakeFetch((asked) => (asked.method === "POST" ? post(asked) : stream(asked)));
  const wire = new SseWire({
    url: new URL("http://server.test/sse"),
    fetch: network.fetch,
    headers: {},
    auth: undefined,
    tls: undefined,
    proxy: false,
    connectTimeoutMs: 1_000,
    ...options,
  });
  const heard: unknown[] = [];
  wire.onmessage = (message) => void heard.push(message);
  wire.onclose = vi.fn();
  wire.ondoubt = vi.fn();
  wire.onerror = vi.fn();
  onTestFinished(() => wire.close());
  return { wire, network, heard };
}

const ENDPOINT = "event: endpoint\ndata: /messages?id=1\n\n";

/** The same, with its stream open and its endpoint named. */
async function open(post: Answer = accepted, options: Partial<SseWireOptions> = {}) {
  const stream = eventStream();
  stream.write(ENDPOINT);
  const made = sseWire(() => stream.response, post, options);
  await made.wire.start();
  return { ...made, stream };
}

const failure = { code: "CONNECTION_LOST", message: "the server ended the stream" };

describe("a wire over SSE", () => {
  it("is started when the server has named its endpoint, and brings its messages", async () => {
    const { wire, network, heard, stream } = await open(accepted, { headers: { "x-mine": "1" } });
    expect(wire.listening).toBe("open");
    stream.say({ id: 1, result: {} });
    await quiet();
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
    wire.setProtocolVersion("2025-11-25");
    await wire.send(request(1));
    const [get, post] = network.asked;
    expect(get!.headers.get("accept")).toBe("text/event-stream");
    expect(get!.headers.get("x-mine")).toBe("1");
    expect(post!.url).toBe("http://server.test/messages?id=1");
    expect(JSON.parse(post!.body!)).toEqual(request(1));
    expect(post!.headers.get("x-mine")).toBe("1");
    expect(post!.headers.get("mcp-protocol-version")).toBe("2025-11-25");
    expect(wire.bytesRead).toBeUndefined();
    expect(await wire.alive(10)).toBe(false);
  });

  it("waits for its endpoint", async () => {
    const stream = eventStream();
    const { wire } = sseWire(() => stream.response);
    const started = vi.fn();
    const starting = wire.start().then(started);
    await quiet();
    expect(started).not.toHaveBeenCalled();
    stream.write(ENDPOINT);
    await starting;
  });

  it.each(["end", "cut"] as const)("is over with its stream, at its %s, and opens no other", async (how) => {
    const { wire, network, stream } = await open();
    stream[how]();
    await quiet();
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.failure).toEqual(failure);
    await wire.close();
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.failure).toEqual(failure);
    expect(network.asked).toHaveLength(1);
  });

  it("does not let the SDK open another stream", async () => {
    const { wire, network, stream } = await open();
    stream.write("retry: 1\n\n");
    await quiet();
    stream.end();
    await until(() => vi.mocked(wire.onerror!).mock.calls.length > 0 || wire.failure !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(network.asked).toHaveLength(1);
  });

  it("without a body never names its endpoint", async () => {
    const headers = { "content-type": "text/event-stream" };
    const { wire } = sseWire(() => new Response(null, { headers }));
    const starting = rejection(wire.start());
    await quiet();
    await wire.close();
    expect(await starting).toBeInstanceOf(Error);
  });

  it("that is closed by us is closed once, for no failure", async () => {
    const { wire, stream } = await open();
    await wire.close();
    stream.end();
    await quiet();
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.failure).toBeUndefined();
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("reports what is no message", async () => {
    const { wire, stream, heard } = await open();
    stream.write("data: {\n\n");
    await quiet();
    expect(wire.onerror).toHaveBeenCalledTimes(1);
    expect(heard).toEqual([]);
  });

  it("that nobody listens to carries on", async () => {
    const { wire, stream } = await open();
    wire.onmessage = wire.onclose = wire.onerror = undefined;
    stream.say({ id: 1, result: {} });
    stream.write("data: {\n\n");
    stream.end();
    await quiet();
    expect(wire.failure).toEqual(failure);
    const other = sseWire(() => refusal(500)).wire;
    other.onclose = undefined;
    await other.close();
  });

  it("counts what comes over sockets of its own, and asks whether the machine is there", async () => {
    const server = createServer((request, response) => {
      if (request.method === "POST") return void response.writeHead(202).end();
      response.writeHead(200, { "content-type": "text/event-stream" }).write(ENDPOINT);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`);
    const { wire } = sseWire(accepted, accepted, { url, fetch: undefined });
    await wire.start();
    await wire.send(request(1));
    expect(wire.bytesRead).toBeGreaterThan(0);
    expect(await wire.alive(1_000)).toBe(true);
    await wire.close();
    server.closeAllConnections();
    server.close();
  });
});

describe("a wire over SSE does not start", () => {
  it.each([
    [500, "HTTP 500"],
    [404, "HTTP 404"],
    [401, "HTTP 401"],
  ])("where the server refuses the stream: %i", async (status, message) => {
    const { wire } = sseWire(() => refusal(status));
    expect(await rejection(wire.start())).toMatchObject({ status, message });
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("where the refusal has words of its own, which it tells", async () => {
    const { wire } = sseWire(() => new Response(null, { status: 500, statusText: "Broken" }));
    expect(await rejection(wire.start())).toMatchObject({
      message: "HTTP 500 Broken",
      status: 500,
      statusText: "Broken",
    });
  });

  it("where the network fails, with the network's own error", async () => {
    const error = networkFailure("ECONNREFUSED");
    const { wire } = sseWire(() => Promise.reject(error));
    expect(await rejection(wire.start())).toBe(error);
  });

  it("where the server answers with a page", async () => {
    const { wire } = sseWire(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
    expect(await rejection(wire.start())).toBeInstanceOf(Error);
  });

  it("where the stream ends before the endpoint is named", async () => {
    const stream = eventStream();
    const { wire } = sseWire(() => stream.response);
    const starting = rejection(wire.start());
    await quiet();
    stream.end();
    expect(await starting).toMatchObject({ message: "the server ended the stream" });
    expect(wire.onclose).not.toHaveBeenCalled();
  });

  it("where it is closed meanwhile", async () => {
    const { wire } = sseWire(() => new Promise(() => {}));
    const starting = rejection(wire.start());
    await wire.close();
    expect(await starting).toMatchObject({ message: "the wire was closed" });
  });

  it("where the server is busy, and knows when to come back", async () => {
    const { wire } = sseWire(() => refusal(503, { "retry-after": "7" }));
    const why = { code: "X", message: "no" };
    expect(wire.explain(why)).toBe(why);
    await rejection(wire.start());
    expect(wire.explain(why)).toEqual({ ...why, retryAfterMs: 7_000 });
  });
});

describe("a request over SSE", () => {
  it("that is refused has the server's status", async () => {
    const { wire } = await open(() => refusal(500));
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ status: 500, message: "HTTP 500" });
    expect(wire.outcomeOf(error)).toBeUndefined();
    expect(wire.ondoubt).not.toHaveBeenCalled();
  });

  it("that fails on the network is a doubt", async () => {
    const error = networkFailure("ECONNREFUSED");
    const { wire } = await open(() => Promise.reject(error));
    expect(await rejection(wire.send(request(1)))).toBe(error);
    expect(wire.ondoubt).toHaveBeenCalledExactlyOnceWith(error);
    expect(wire.outcomeOf(error)).toBe("not-sent");
    wire.ondoubt = undefined;
    expect(await rejection(wire.send(request(1)))).toBe(error);
  });

  it("that fails because the wire was closed is none", async () => {
    const made = await open(async () => {
      await made.wire.close();
      throw networkFailure("ECONNRESET");
    });
    await rejection(made.wire.send(request(1)));
    expect(made.wire.ondoubt).not.toHaveBeenCalled();
    expect(made.wire.onerror).not.toHaveBeenCalled();
  });

  it("to a busy server was refused, and may come back", async () => {
    const { wire } = await open(() => refusal(429, { "retry-after": "7" }));
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ outcome: "rejected", failure: { retryAfterMs: 7_000 } });
    expect(wire.outcomeOf(error)).toBe("rejected");
  });

  it("that meets a 404 is a forgotten session, once the server had answered at all", async () => {
    const { wire, stream } = await open(() => refusal(404));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 404 });
    stream.say({ id: 1, result: {} });
    await quiet();
    const error = await rejection(wire.send(request(2)));
    expect(error).toBeInstanceOf(Lost);
    expect(error).toMatchObject({
      outcome: "rejected",
      ends: "now",
      message: expect.stringContaining("no longer knows the session"),
    });
  });

  it("that meets another refusal is none", async () => {
    const { wire, stream } = await open(() => refusal(400));
    stream.say({ id: 1, result: {} });
    await quiet();
    expect(await rejection(wire.send(request(2)))).toMatchObject({ status: 400 });
  });

  it("that is refused without a body, or by a server with credentials, is a refusal too", async () => {
    const bare = await open(() => new Response(null, { status: 500 }));
    expect(await rejection(bare.wire.send(request(1)))).toMatchObject({ message: "HTTP 500" });
    const known = await open(() => refusal(500), { auth: { token: async () => "t" } });
    expect(await rejection(known.wire.send(request(1)))).toMatchObject({ message: "HTTP 500" });
  });

  it("that is refused leaves no body behind", async () => {
    const cancel = vi.fn();
    const { wire } = await open(() => new Response(new ReadableStream({ cancel }), { status: 500 }));
    await rejection(wire.send(request(1)));
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});

describe("a redirect within the origin", () => {
  it.each([307, 308])("is followed by the stream and by a post: %i", async (status) => {
    const stream = eventStream();
    stream.write(ENDPOINT);
    const moved = (to: string) => new Response(null, { status, headers: { location: to } });
    const { wire, network } = sseWire(
      ({ url }) => (url.endsWith("/sse") ? moved("/other") : stream.response),
      ({ url }) => (url.includes("/messages") ? moved("/posts") : accepted()),
    );
    await wire.start();
    await wire.send(request(1));
    const paths = network.asked.map(({ url }) => new URL(url).pathname);
    expect(paths).toEqual(["/sse", "/other", "/messages", "/posts"]);
  });

  it("is all that is followed: an odd answer is a refusal", async () => {
    const { wire } = await open(() => refusal(400));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ message: "HTTP 400" });
  });
});

describe("credentials over SSE", () => {
  it("are renewed where the server asks for that, on the stream and on a post", async () => {
    let token = "old";
    const auth = {
      token: async () => token,
      onUnauthorized: async ({ fetchFn }: { fetchFn: (url: string, init?: object) => Promise<Response> }) => {
        await fetchFn("http://server.test/token", { method: "POST", body: "grant" });
        await fetchFn("http://server.test/token", { method: "POST", body: new URLSearchParams("a=1") });
        await fetchFn("http://server.test/.well-known/x", { headers: { accept: "application/json" } });
        token = "new";
      },
    };
    const stream = eventStream();
    stream.write(ENDPOINT);
    const known = ({ headers }: Asked) => headers.get("authorization") === "Bearer new";
    const { wire, network } = sseWire(
      (asked) =>
        asked.url.includes("well-known") ? refusal(404) : known(asked) ? stream.response : refusal(401),
      (asked) => (asked.url.includes("/token") ? refusal(404) : known(asked) ? accepted() : refusal(401)),
      { auth },
    );
    await wire.start();
    token = "old";
    await wire.send(request(1));
    expect(network.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "GET /sse",
      "POST /token",
      "POST /token",
      "GET /.well-known/x",
      "GET /sse",
      "POST /messages",
      "POST /token",
      "POST /token",
      "GET /.well-known/x",
      "POST /messages",
    ]);
  });

  it("that nobody can renew are a refusal", async () => {
    const { wire } = await open(() => refusal(401));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 401, message: "HTTP 401" });
  });
});
