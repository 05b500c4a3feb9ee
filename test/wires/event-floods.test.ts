import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { heardAtItsRate, rule } from "../support/flood.js";
import { httpWire, INITIALIZED } from "../support/http-wire.js";
import { listener } from "../support/listener.js";
import { until } from "../support/settling.js";
import { accepted, sseWire } from "../support/sse-wire.js";

const NOTICE = `data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n`;

/** Writes without an end, as fast as it is read. Settles with the bytes that were taken when the first write had to wait. */
function flood(response: ServerResponse, what: string): void {
  const more = () => {
    while (response.write(what.repeat(1_000))) {}
  };
  response.on("drain", more);
  more();
}

/** A server of events over real sockets: `stream` writes each GET, `post` each POST. */
async function server(stream: (response: ServerResponse) => void, post?: (response: ServerResponse) => void) {
  return listener((request, response) => {
    const body = request.method === "GET" ? stream : post;
    if (!body) return void response.writeHead(202).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    body(response);
  });
}

const REAL = { fetch: undefined, proxy: false as const };
const overFetch = { fetch: (...args: Parameters<typeof fetch>) => fetch(...args) };

it.each([
  ["sockets of ours", REAL],
  ["a fetch of the user's", overFetch],
])("a flood on the inbound stream is read at the rate that it may have, over %s", async (_, network) => {
  const { origin } = await server((response) => flood(response, NOTICE));
  const { wire, heard } = await httpWire(accepted, { url: new URL(origin), ...network });
  await heardAtItsRate({ wire, heard }, () => wire.send(INITIALIZED));
  await wire.close();
});

it("so is one on the stream of an answer, and the answer behind it is heard", async () => {
  const answer = `data: {"jsonrpc":"2.0","id":7,"result":{}}\n\n`;
  const { origin } = await server(
    () => {},
    (response) => void response.end(NOTICE.repeat(300) + answer),
  );
  const { wire, heard } = await httpWire(accepted, { url: new URL(origin), ...REAL });
  const unasked = rule(200);
  wire.unasked = unasked;
  await wire.send({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "x" } });
  await until(() => heard.length === 301);
  expect(heard.at(-1)).toMatchObject({ id: 7 });
  expect(unasked.onFlood).toHaveBeenCalled();
});

it.each([
  ["messages", NOTICE],
  ["what is no message", "data: {}\n\n"],
  ["lines that keep it alive", ":\n"],
  ["wishes to be asked later", "retry: 1\n\n"],
])("so is one of %s over HTTP+SSE", async (_, what) => {
  const { origin } = await server((response) => {
    response.write("event: endpoint\ndata: /messages\n\n");
    flood(response, what);
  });
  const { wire } = sseWire(accepted, accepted, { url: new URL(origin), ...REAL });
  const unasked = rule(200);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 3);
});

it("so is one that is small until it is decompressed", async () => {
  const { origin } = await listener((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
    response.write(gzipSync(`event: endpoint\ndata: /messages\n\n${NOTICE.repeat(50_000)}`));
  });
  const { wire, heard } = sseWire(accepted, accepted, { url: new URL(origin), ...REAL });
  await heardAtItsRate({ wire, heard }, () => wire.start());
});

it("what a server sent before it ended the stream is heard to its end, though it is more than it may send", async () => {
  const { origin } = await server((response) => {
    response.end(`event: endpoint\ndata: /messages\n\n${NOTICE.repeat(400)}`);
  });
  const { wire, heard } = sseWire(accepted, accepted, { url: new URL(origin), ...REAL });
  const closed = new Promise<void>((resolve) => {
    wire.onclose = resolve;
  });
  wire.unasked = rule(200);
  await wire.start();
  await closed;
  expect(heard).toHaveLength(400);
});
