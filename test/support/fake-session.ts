import type { Client } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import type { SessionOptions } from "../../src/contract/session.js";
import { SessionView } from "../../src/session/session.js";
import { FakeLink } from "./fake-link.js";

/** A Client of an epoch that answers what a test says; methods that it was not given are not there. */
export function epochClient(part: object = {}, era: "legacy" | "modern" = "legacy"): Client {
  return {
    getProtocolEra: () => era,
    getServerCapabilities: () => ({ tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} }),
    getNegotiatedProtocolVersion: () => "2025-11-25",
    getServerVersion: () => ({ name: "fake", version: "1" }),
    getInstructions: () => "be kind",
    getDiscoverResult: () => ({ discovered: true }),
    ...part,
  } as unknown as Client;
}

/** A session on a connection that exists only in the test. */
export function sessionOn(client: Client | null, options: SessionOptions = {}) {
  const link = new FakeLink(client);
  const subscriptions = {
    subscribe: vi.fn(async () => ({})),
    unsubscribe: vi.fn(async () => ({})),
    listen: vi.fn(async () => "a handle"),
    logLevel: vi.fn((): unknown => undefined),
  };
  const onEnd = vi.fn();
  const connection = { name: "demo" };
  const host = { port: link, connection, subscriptions, onEnd } as never;
  const session = new SessionView(host, options, { name: "me", version: "1" });
  return { session, link, subscriptions, onEnd, connection };
}
