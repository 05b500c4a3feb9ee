import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { eventStream, json, networkFailure, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { quiet, rejection, until } from "../support/settling.js";
import { accepted, ENDPOINT, failure, open, sseWire } from "../support/sse-wire.js";

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
    expect(wire.bytesRead).toBeGreaterThan(0);
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
    [500, "HTTP 500 Internal Server Error: no"],
    [404, "HTTP 404 Not Found: no"],
  ])("where the server refuses the stream: %i", async (status, message) => {
    const { wire } = sseWire(() => refusal(status));
    expect(await rejection(wire.start())).toMatchObject({ status, message });
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("where the server wants credentials, which it says in our words", async () => {
    const { wire } = sseWire(() => refusal(401));
    expect(await rejection(wire.start())).toMatchObject({ code: "AUTH_REQUIRED" });
  });

  it("where the refusal has words of its own, which it tells", async () => {
    const { wire } = sseWire(() => json({ error: { message: "Broken" } }, {}, 500));
    expect(await rejection(wire.start())).toMatchObject({
      message: "HTTP 500 Internal Server Error: Broken",
      status: 500,
    });
  });

  it("where the network fails, with the network's own error", async () => {
    const error = networkFailure("ECONNREFUSED");
    const { wire } = sseWire(() => Promise.reject(error));
    expect(await rejection(wire.start())).toMatchObject({ outcome: "not-sent", failure: { error } });
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
    const error = await rejection(wire.start());
    expect(error).toMatchObject({ outcome: "rejected", failure: { retryAfterMs: 7_000 } });
  });
});
