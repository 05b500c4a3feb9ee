import { onTestFinished, vi } from "vitest";
import { SseWire, type SseWireOptions } from "../../src/wires/http/sse-wire.js";
import { type Asked, eventStream, fakeFetch } from "./fake-fetch.js";

export type Answer = (asked: Asked) => Response | Promise<Response>;

export const accepted = () => new Response(null, { status: 202 });

/** A wire whose server answers its stream and its posts as a test says. */
export function sseWire(stream: Answer, post: Answer = accepted, options: Partial<SseWireOptions> = {}) {
  const network = fakeFetch((asked) => (asked.method === "POST" ? post(asked) : stream(asked)));
  const wire = new SseWire({
    url: new URL("http://server.test/sse"),
    fetch: network.fetch,
    headers: {},
    name: "server",
    credential: undefined,
    tls: undefined,
    proxy: false,
    connectTimeoutMs: 1_000,
    maxMessageBytes: 1_000_000,
    maxSockets: 4,
    ...options,
  });
  const heard: unknown[] = [];
  wire.onmessage = (message) => void heard.push(message);
  wire.onclose = vi.fn();
  wire.onDoubt = vi.fn();
  wire.onerror = vi.fn();
  onTestFinished(() => wire.close());
  return { wire, network, heard };
}

export const ENDPOINT = "event: endpoint\ndata: /messages?id=1\n\n";

/** The same, with its stream open and its endpoint named. */
export async function open(post: Answer = accepted, options: Partial<SseWireOptions> = {}) {
  const stream = eventStream();
  stream.write(ENDPOINT);
  const made = sseWire(() => stream.response, post, options);
  await made.wire.start();
  return { ...made, stream };
}

export const failure = { code: "CONNECTION_LOST", message: "the server ended the stream" };
