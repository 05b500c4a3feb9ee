import { describe, expect, it, vi } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/machines/backoff.js";
import { eventStream, networkFailure, refusal } from "../support/fake-fetch.js";
import { withFakeTimers } from "../support/fake-timers.js";
import { httpWire, INITIALIZED } from "../support/http-wire.js";
import { quiet } from "../support/settling.js";

withFakeTimers();

/** A wire whose server answers its request for an inbound stream as a test says. */
async function inbound(answer: () => Response | Promise<Response>) {
  const made = await httpWire(({ method }) =>
    method === "GET" ? answer() : new Response(null, { status: 202 }),
  );
  await made.open();
  await made.wire.send(INITIALIZED);
  await quiet();
  return made;
}

describe("the stream on which the server speaks first", () => {
  it("is opened after the handshake, and brings messages", async () => {
    const stream = eventStream();
    const { wire, network, heard, listenings } = await inbound(() => stream.response);
    expect(network.made("GET")).toHaveLength(1);
    expect(wire.listening).toBe("open");
    stream.say({ method: "notifications/x" });
    await quiet();
    expect(heard).toEqual([{ jsonrpc: "2.0", method: "notifications/x" }]);
    expect(listenings).toEqual(["open"]);
    await wire.close();
    expect(listenings).toEqual(["open", "none"]);
  });

  it("is known with a charset too", async () => {
    const { wire } = await inbound(
      () => eventStream({ "content-type": "text/event-stream; charset=utf-8" }).response,
    );
    expect(wire.listening).toBe("open");
  });

  it.each([204, 302, 400, 401, 403, 404, 405, 406, 415, 501])(
    "that is refused with %i is none, and not asked for again",
    async (status) => {
      const { wire, network, listenings } = await inbound(() => new Response(null, { status }));
      await vi.advanceTimersByTimeAsync(DEFAULT_BACKOFF.capMs);
      await quiet();
      expect(wire.listening).toBe("none");
      expect(listenings).toEqual([]);
      expect(wire.onDoubt).not.toHaveBeenCalled();
      expect(network.made("GET")).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it.each([408, 409, 425, 429, 500, 502, 503, 504])(
    "that is refused with %i is lost for now, and asked for again",
    async (status) => {
      const { wire, network, listenings } = await inbound(() => refusal(status));
      expect(listenings).toEqual(["lost"]);
      expect(wire.onDoubt).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(DEFAULT_BACKOFF.capMs);
      await quiet();
      expect(network.made("GET").length).toBeGreaterThan(1);
    },
  );

  it("that is refused with 404 ends the wire where a ping is refused too: the session is forgotten", async () => {
    const { wire } = await httpWire(({ method, body }) =>
      method === "GET" || body!.includes('"ping"') ? refusal(404) : new Response(null, { status: 202 }),
    ).then(async (made) => {
      await made.open();
      await made.wire.send(INITIALIZED);
      await quiet();
      return made;
    });
    expect(wire.onclose).toHaveBeenCalledOnce();
    expect(wire.failure).toMatchObject({ message: "the server no longer knows the session (HTTP 404)" });
  });

  it.each([
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["something without a type", () => new Response(new Uint8Array([1]))],
    ["a page about streams", () => new Response("x", { headers: { "content-type": "x-text/event-stream" } })],
  ])("is none where the server answers with %s", async (_what, answer) => {
    const { wire, listenings } = await inbound(answer);
    expect(listenings).toEqual([]);
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("that is refused on a stream is lost all the same", async () => {
    const headers = { "content-type": "text/event-stream" };
    const { listenings } = await inbound(() => refusal(500, headers));
    expect(listenings).toEqual(["lost"]);
  });

  it("that nobody listens to carries on", async () => {
    const stream = eventStream();
    const { wire, heard } = await httpWire(({ method }) =>
      method === "GET" ? stream.response : new Response(null, { status: 202 }),
    );
    wire.onListening = wire.onDoubt = wire.onerror = undefined;
    await wire.send(INITIALIZED);
    await quiet();
    stream.say({ method: "notifications/x" });
    await quiet();
    expect(heard).toHaveLength(1);
    stream.cut();
    await quiet();
    expect(wire.listening).toBe("lost");
  });

  it("without a body has ended", async () => {
    const { listenings } = await inbound(
      () => new Response(null, { headers: { "content-type": "text/event-stream" } }),
    );
    expect(listenings).toEqual(["open", "lost"]);
  });

  it("that cannot be asked for is lost, and a doubt", async () => {
    const error = networkFailure("ECONNRESET");
    const { wire } = await inbound(() => Promise.reject(error));
    expect(wire.listening).toBe("lost");
    expect(wire.onDoubt).toHaveBeenCalledExactlyOnceWith(error);
    expect(wire.onerror).toHaveBeenCalledWith(error);
  });

  it("that fails otherwise is no doubt", async () => {
    const { wire } = await inbound(() => Promise.reject(new Error("odd")));
    expect(wire.listening).toBe("lost");
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });

  it("that fails because the wire was closed is no doubt", async () => {
    const { wire, network, listenings } = await inbound(() => refusal(405));
    network.control.answer = async ({ method }) => {
      if (method !== "GET") return new Response(null, { status: 202 });
      await wire.close();
      throw networkFailure("ECONNRESET");
    };
    await wire.send(INITIALIZED);
    await quiet();
    expect(listenings).toEqual([]);
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });

  it.each(["end", "cut"] as const)("is lost and a doubt at its %s, and is opened again", async (how) => {
    const streams = [eventStream(), eventStream()];
    let next = 0;
    const { wire, network, listenings } = await inbound(() => streams[next++]!.response);
    streams[0]![how]();
    await quiet();
    expect(listenings).toEqual(["open", "lost"]);
    expect(wire.onDoubt).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: "the inbound stream ended" }),
    );
    await vi.advanceTimersByTimeAsync(DEFAULT_BACKOFF.capMs);
    await quiet();
    expect(network.made("GET")).toHaveLength(2);
    expect(listenings).toEqual(["open", "lost", "open"]);
    await wire.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that is closed by us is no doubt", async () => {
    const stream = eventStream();
    const { wire, listenings } = await inbound(() => stream.response);
    await wire.close();
    stream.end();
    await quiet();
    expect(wire.onDoubt).not.toHaveBeenCalled();
    expect(listenings).toEqual(["open", "none"]);
  });

  it("is not asked for any more once the wire is closed", async () => {
    const { wire, network } = await inbound(() => refusal(500));
    await wire.close();
    await vi.advanceTimersByTimeAsync(DEFAULT_BACKOFF.capMs * 2);
    expect(network.made("GET")).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  /** How long the wire waits until it asks again, for so many streams that live `ms` each. */
  const waits = async (streams: number, ms: number) => {
    let stream = eventStream();
    await inbound(() => stream.response);
    const found: number[] = [];
    for (let i = 0; i < streams; i++) {
      await vi.advanceTimersByTimeAsync(ms);
      const ending = stream;
      stream = eventStream();
      ending.end();
      await quiet();
      const endedAt = performance.now();
      await vi.advanceTimersToNextTimerAsync();
      found.push(performance.now() - endedAt);
      await quiet();
    }
    return found;
  };

  it("is opened later each time where it is dropped at once", async () => {
    const [first, second, third, fourth] = (await waits(4, 10)) as [number, number, number, number];
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeGreaterThan(second);
    expect(fourth).toBeGreaterThan(third);
    expect(fourth).toBeLessThanOrEqual(DEFAULT_BACKOFF.capMs);
  });

  it("is opened soon again where it held for five seconds", async () => {
    const [first, second, third] = await waits(3, 5_000);
    expect([second, third]).toEqual([first, first]);
  });
});
