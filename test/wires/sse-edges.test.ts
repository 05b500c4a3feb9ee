import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { endpointOf } from "../../src/wires/http/sse-endpoint.js";
import { eventStream, json, networkFailure, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { quiet, rejection, until } from "../support/settling.js";
import { accepted, ENDPOINT, open, sseWire } from "../support/sse-wire.js";

const URL_OF_STREAM = new URL("http://127.0.0.1:8000/api/sse?key=1");

describe("the endpoint that a server names", () => {
  it.each([
    ["/messages?s=1", "http://127.0.0.1:8000/messages?s=1"],
    ["messages", "http://127.0.0.1:8000/api/messages"],
    ["?s=1", "http://127.0.0.1:8000/api/sse?s=1"],
    ["http://127.0.0.1:8000/m", "http://127.0.0.1:8000/m"],
    ["http://localhost:8000/m", "http://127.0.0.1:8000/m"],
    ["http://[::1]:8000/m", "http://127.0.0.1:8000/m"],
    ["http://me:secret@localhost:8000/m", "http://127.0.0.1:8000/m"],
  ])("is found from the stream's own address: %s", (named, full) => {
    expect(endpointOf(named, URL_OF_STREAM).href).toBe(full);
  });

  it.each([
    "http://127.0.0.1:9000/m",
    "https://127.0.0.1:8000/m",
    "http://elsewhere.test:8000/m",
    "//elsewhere.test:8000/m",
    "http://127.0.0.2:8000/m",
  ])("is refused on another origin, and both are named: %s", async (named) => {
    const stream = eventStream();
    stream.write(`event: endpoint\ndata: ${named}\n\n`);
    const { wire } = sseWire(() => stream.response, accepted, { url: URL_OF_STREAM });
    const { message } = (await rejection(wire.start())) as Error;
    expect(message).toContain("http://127.0.0.1:8000/api/sse");
    expect(message).toContain(new URL(named, URL_OF_STREAM).origin);
    expect(message).not.toContain("key=1");
  });

  it("is refused where it is none", () => {
    expect(() => endpointOf("http://", URL_OF_STREAM)).toThrow(/no URL/);
  });

  it("may be named again, and holds from then on", async () => {
    const { wire, network, stream } = await open();
    stream.write("event: endpoint\ndata: /elsewhere\n\n");
    await quiet();
    await wire.send(request(1));
    expect(network.made("POST")[0]!.url).toBe("http://server.test/elsewhere");
  });

  it("on another origin ends the wire, where the stream was open already", async () => {
    const { wire, stream } = await open();
    stream.write("event: endpoint\ndata: http://elsewhere.test/m\n\n");
    await quiet();
    expect(wire.failure?.message).toContain("http://elsewhere.test");
  });
});

describe("the stream", () => {
  it.each([
    ["CR LF", "\r\n"],
    ["CR", "\r"],
    ["LF", "\n"],
  ])("may end its lines with %s, have comments, and be cut anywhere", async (_name, end) => {
    const stream = eventStream();
    const { wire, heard } = sseWire(() => stream.response);
    const text = [
      ": hello",
      "",
      "event: endpoint",
      "data: /m",
      "",
      ": ping",
      "",
      "event: message",
      'data: {"jsonrpc":"2.0","id":1,"result":{"text":"hé"}}',
      "",
      "",
    ].join(end);
    const starting = wire.start();
    for (const character of text) stream.write(character);
    await starting;
    await quiet();
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 1, result: { text: "hé" } }]);
  });

  it("may name its messages as it likes; what is none only shows life", async () => {
    const { wire, heard, stream } = await open();
    stream.write("event: heartbeat\ndata: now\n\n");
    stream.write('event: reply\ndata: {"jsonrpc":"2.0","id":2,"result":{}}\n\n');
    await quiet();
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 2, result: {} }]);
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("that says when to come back is left alone for so long", async () => {
    const { wire, stream } = await open();
    stream.write("retry: 700\n\n");
    await quiet();
    stream.end();
    await quiet();
    expect(wire.failure).toMatchObject({ retryAfterMs: 700 });
  });

  it("is given up for a message that is larger than allowed", async () => {
    const { wire, stream, heard } = await open(accepted, { maxMessageBytes: 1_000 });
    stream.write(`data: {"jsonrpc":"2.0","id":1,"result":{"text":"${"x".repeat(2_000)}`);
    await quiet();
    expect(heard).toEqual([]);
    expect(wire.failure?.message).toContain("larger than 1000 bytes");
  });
});

describe("an answer to a post", () => {
  it.each([200, 202, 204])("says nothing with %i and no body", async (status) => {
    const { wire } = await open(() => new Response(null, { status }));
    await wire.send(request(1));
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("is read where it holds the message", async () => {
    const { wire, heard } = await open(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
    await wire.send(request(1));
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
  });

  it.each([404, 405, 500])("that refuses names the address: %i", async (status) => {
    const { wire } = await open(() => refusal(status));
    expect(((await rejection(wire.send(request(1)))) as Error).message).toContain(
      `POST http://server.test/messages: HTTP ${status}`,
    );
  });

  it("that leads elsewhere says where, and is not followed", async () => {
    const location = "https://elsewhere.test/m";
    const { wire, network } = await open(() => new Response(null, { status: 307, headers: { location } }));
    const { message } = (await rejection(wire.send(request(1)))) as Error;
    expect(message).toContain(location);
    expect(network.made("POST")).toHaveLength(1);
  });

  it("whose Retry-After one request got is no other's", async () => {
    let refuse = true;
    const { wire } = await open(() => (refuse ? refusal(429, { "retry-after": "7" }) : refusal(500)));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ failure: { retryAfterMs: 7_000 } });
    refuse = false;
    const error = await rejection(wire.send(request(2)));
    expect(error).toMatchObject({ status: 500 });
    expect(wire.outcomeOf(error)).toBeUndefined();
  });
});

describe("a silent stream", () => {
  const ping = { ...request(9), method: "ping" };

  it("whose server took a ping is dead though its machine takes connections, until a byte comes", async () => {
    const server = createServer((asked, response) => {
      if (asked.method === "POST") return void response.writeHead(202).end();
      response.writeHead(200, { "content-type": "text/event-stream" }).write(ENDPOINT);
      onTestFinished(() => void response.end());
      bytes = () => void response.write(": still here\n\n");
    });
    let bytes = () => {};
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`);
    const { wire } = sseWire(accepted, accepted, { url, fetch: undefined });
    await wire.start();
    await wire.send(request(1));
    expect(await wire.alive(1_000)).toBe(true);
    await wire.send(ping as never);
    expect(await wire.alive(1_000)).toBe(false);
    const before = wire.bytesRead;
    bytes();
    await until(() => wire.bytesRead > before);
    expect(await wire.alive(1_000)).toBe(true);
  });

  it("is not proven by a ping that nobody took", async () => {
    const { wire } = await open(() => Promise.reject(networkFailure("ECONNRESET")));
    await rejection(wire.send(ping as never));
    expect(wire.onDoubt).toHaveBeenCalledTimes(1);
  });

  it("counts its own bytes only: what a post brings proves nothing", async () => {
    const { wire, stream } = await open(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
    const before = wire.bytesRead;
    await wire.send(request(1));
    expect(wire.bytesRead).toBe(before);
    stream.write(": ping\n\n");
    await quiet();
    expect(wire.bytesRead).toBeGreaterThan(before);
  });
});
