import { describe, expect, it, vi } from "vitest";
import { eventStream, refusal } from "../support/fake-fetch.js";
import { withFakeTimers } from "../support/fake-timers.js";
import { request } from "../support/hand-made-wire.js";
import { httpWire, INITIALIZED } from "../support/http-wire.js";
import { quiet, rejection } from "../support/settling.js";
import { open as openSse } from "../support/sse-wire.js";

withFakeTimers();

const HOUR = 3_600_000;
const FAR = { "retry-after": "99999999999" };
const RETRY = "retry: 99999999999\n\n";

type Options = { maxRetryAfterMs?: number };
const failureOf = (error: unknown) => (error as { failure: object }).failure;

/** How long the wire waits until its next timer. */
async function waited(): Promise<number> {
  const at = performance.now();
  await vi.advanceTimersToNextTimerAsync();
  return performance.now() - at;
}

/** Every way in which a server can ask for a wait, and the wait that comes of it. */
const WAYS: [string, (options: Options) => Promise<number>][] = [
  [
    "Retry-After of a call",
    async (options) => {
      const { wire } = await httpWire(() => refusal(503, FAR), options);
      return (failureOf(await rejection(wire.send(request(1)))) as { retryAfterMs: number }).retryAfterMs;
    },
  ],
  [
    "Retry-After of the inbound stream",
    async (options) => {
      const { wire, open } = await httpWire(
        ({ method }) => (method === "GET" ? refusal(503, FAR) : new Response(null, { status: 202 })),
        options,
      );
      await open();
      await wire.send(INITIALIZED);
      await quiet();
      return waited();
    },
  ],
  [
    "retry: of the inbound stream",
    async (options) => {
      const stream = eventStream();
      const streams = [stream.response];
      const { wire, open } = await httpWire(
        ({ method }) =>
          method === "GET" ? (streams.shift() ?? refusal(404)) : new Response(null, { status: 202 }),
        options,
      );
      await open();
      await wire.send(INITIALIZED);
      await quiet();
      stream.write(RETRY);
      await quiet();
      stream.end();
      await quiet();
      return waited();
    },
  ],
  [
    "retry: of an answer",
    async (options) => {
      const stream = eventStream();
      const { wire, open } = await httpWire(
        ({ method }) => (method === "POST" ? stream.response : refusal(404)),
        options,
      );
      await open();
      await wire.send(request(1), {
        requestSignal: new AbortController().signal,
        onRequestStreamEnd: () => {},
      });
      stream.write(RETRY);
      stream.say({ method: "notifications/progress" }, "event-1");
      await quiet();
      stream.end();
      await quiet();
      return waited();
    },
  ],
  [
    "Retry-After of a post over SSE",
    async (options) => {
      const { wire } = await openSse(() => refusal(429, FAR), options);
      return (failureOf(await rejection(wire.send(request(1)))) as { retryAfterMs: number }).retryAfterMs;
    },
  ],
  [
    "retry: over SSE",
    async (options) => {
      const { wire, stream } = await openSse(undefined, options);
      stream.write(RETRY);
      await quiet();
      stream.end();
      await quiet();
      return wire.failure!.retryAfterMs!;
    },
  ],
];

describe("a wait that a server asks for", () => {
  it.each(WAYS)("by %s is an hour at most", async (_way, wait) => {
    expect(await wait({})).toBe(HOUR);
  });

  it.each(WAYS)("by %s is no longer than the user wants", async (_way, wait) => {
    expect(await wait({ maxRetryAfterMs: 120_000 })).toBe(120_000);
  });
});
