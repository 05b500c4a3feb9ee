import { describe, expect, it, vi } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/machines/backoff.js";
import { eventStream, json, networkFailure, refusal } from "../support/fake-fetch.js";
import { withFakeTimers } from "../support/fake-timers.js";
import { request } from "../support/hand-made-wire.js";
import { httpWire } from "../support/http-wire.js";
import { quiet } from "../support/settling.js";

withFakeTimers();

describe("an answer that comes on a stream", () => {
  /** A request whose stream ends after an event with an id, on a wire that answers what comes after as a test says. */
  const interrupted = async (resumed: (n: number) => Response | Promise<Response>) => {
    const stream = eventStream();
    let asked = 0;
    const made = await httpWire(({ method }) => (method === "GET" ? resumed(++asked) : stream.response));
    await made.open();
    const requestSignal = new AbortController().signal;
    const onRequestStreamEnd = vi.fn();
    await made.wire.send(request(1), { requestSignal, onRequestStreamEnd });
    stream.say({ method: "notifications/progress" }, "event-1");
    await quiet();
    stream.end();
    await quiet();
    const pass = async () => {
      await vi.advanceTimersByTimeAsync(DEFAULT_BACKOFF.capMs);
      await quiet();
    };
    return { ...made, onRequestStreamEnd, pass };
  };

  it("and is interrupted is resumed from its last event", async () => {
    const rest = eventStream();
    const { network, heard, onRequestStreamEnd, wire, listenings, pass } = await interrupted(
      () => rest.response,
    );
    await pass();
    expect(network.made("GET").map(({ headers }) => headers.get("last-event-id"))).toEqual(["event-1"]);
    rest.say({ id: 1, result: {} });
    await quiet();
    expect(heard.at(-1)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    expect(onRequestStreamEnd).not.toHaveBeenCalled();
    expect(wire.onDoubt).not.toHaveBeenCalled();
    // It is no stream on which the server speaks first.
    expect(listenings).toEqual([]);
  });

  it.each([
    ["the server refuses that", () => refusal(404), 0],
    ["the network fails", () => Promise.reject(networkFailure("ECONNRESET")), 3],
  ])("and cannot be resumed because %s is lost after three attempts", async (_why, resumed, doubts) => {
    const { onRequestStreamEnd, pass, wire, network } = await interrupted(resumed);
    for (let i = 0; i < 9; i++) await pass();
    expect(onRequestStreamEnd).toHaveBeenCalledTimes(1);
    expect(network.made("GET")).toHaveLength(3);
    expect(wire.onDoubt).toHaveBeenCalledTimes(doubts);
    expect(wire.listening).toBe("none");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("and is resumed in between is not given up, however often that fails", async () => {
    const headers = { "content-type": "text/event-stream" };
    const { onRequestStreamEnd, pass, network } = await interrupted((n) =>
      n % 3 === 0 ? new Response("id: event-2\n\n", { headers }) : refusal(500),
    );
    for (let i = 0; i < 9; i++) await pass();
    expect(network.made("GET").length).toBeGreaterThan(6);
    expect(onRequestStreamEnd).not.toHaveBeenCalled();
  });

  it("and ends for good is told to its request", async () => {
    const stream = eventStream();
    const { wire } = await httpWire(() => stream.response);
    const onRequestStreamEnd = vi.fn();
    await wire.send(request(1), { onRequestStreamEnd });
    stream.end();
    await quiet();
    expect(onRequestStreamEnd).toHaveBeenCalledTimes(1);
  });

  it("is not confused with one that comes at once", async () => {
    const { wire, heard } = await httpWire(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
    await wire.send(request(1), { requestSignal: new AbortController().signal });
    expect(heard).toHaveLength(1);
  });
});
