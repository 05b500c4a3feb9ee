import { onTestFinished, vi } from "vitest";
import { HttpWire, type HttpWireOptions } from "../../src/wires/http/wire.js";
import { type Asked, fakeFetch, json } from "./fake-fetch.js";

type Answer = (asked: Asked) => Response | Promise<Response>;

const INITIALIZE = {
  jsonrpc: "2.0" as const,
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "me", version: "1" } },
};

/** A wire over a network that exists only in the test, and all that it says. */
export async function httpWire(answer: Answer, options: Partial<HttpWireOptions> = {}) {
  const network = fakeFetch(answer);
  const wire = new HttpWire({
    url: new URL("http://server.test/mcp"),
    fetch: network.fetch,
    headers: {},
    name: "server",
    credential: undefined,
    closeTimeoutMs: 1_000,
    tls: undefined,
    proxy: false,
    connectTimeoutMs: 1_000,
    maxMessageBytes: 1_000_000,
    maxSockets: 32,
    maxSilenceMs: Number.POSITIVE_INFINITY,
    forgottenMs: 2_000,
    quietMs: Number.POSITIVE_INFINITY,
    ...options,
  });
  const heard: unknown[] = [];
  const listenings: string[] = [];
  wire.onmessage = (message) => void heard.push(message);
  wire.onListening = (listening) => void listenings.push(listening);
  wire.onDoubt = vi.fn();
  wire.onclose = vi.fn();
  wire.onerror = vi.fn();
  await wire.start();
  onTestFinished(() => wire.close());
  /** Answers the handshake with a session, then everything as the test says. */
  const open = async (sessionId = "s-1") => {
    const { answer } = network.control;
    network.control.answer = () =>
      json({ jsonrpc: "2.0", id: 0, result: {} }, { "mcp-session-id": sessionId });
    await wire.send(INITIALIZE);
    network.control.answer = answer;
    network.asked.length = 0;
    heard.length = 0;
  };
  return { wire, network, heard, listenings, open };
}

export const INITIALIZED = { jsonrpc: "2.0" as const, method: "notifications/initialized" };
