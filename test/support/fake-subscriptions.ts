import type { LoggingLevel } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import { Subscriptions } from "../../src/connection/subscriptions.js";
import type { Ready } from "../../src/session/ports.js";
import { readyWith } from "./fake-link.js";
import { epochClient } from "./fake-session.js";
import { ManualClock } from "./manual-clock.js";

export const A = "note://a";
export const B = "note://b";

/** A connection with sessions, the Client of its epoch, and a stream that keeps what it was to follow. */
export function connection(era: "legacy" | "modern" = "legacy", capabilities: object = { logging: {} }) {
  const ask = {
    subscribeResource: vi.fn(async (_params: { uri: string }, _options: object) => ({})),
    unsubscribeResource: vi.fn(async (_params: { uri: string }, _options: object) => ({ told: true })),
    setLoggingLevel: vi.fn(async (_level: LoggingLevel, _options: object) => ({})),
  };
  const client = epochClient({ ...ask, getServerCapabilities: () => capabilities }, era);
  const now: { ready: Ready | undefined } = { ready: readyWith(client) };
  const filters: object[] = [];
  const stream = {
    honoredFilter: undefined as object | undefined,
    follow: vi.fn(async (filterOf: (client: unknown) => object, _options: object) => {
      filters.push(filterOf(client));
    }),
  };
  const sessions = new Set<{ ended: boolean; logLevel: LoggingLevel | undefined }>();
  const session = (logLevel?: LoggingLevel) => {
    const one = { ended: false, logLevel };
    sessions.add(one);
    return one as never;
  };
  const subscriptions = new Subscriptions(
    new ManualClock(),
    sessions as never,
    stream as never,
    () => now.ready,
  );
  return { ...ask, client, now, filters, stream, session, subscriptions };
}
