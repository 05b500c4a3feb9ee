import { describe, expect, it, vi } from "vitest";
import { guarded, request } from "../support/hand-made-wire.js";
import { settled } from "../support/settling.js";

const answer = (id: unknown, result: object = {}) => ({ id, result });

it("what needs nobody to be asked is answered by the guard, and the Client never hears of it", async () => {
  const send = vi.fn(async () => {});
  const { guard, wire } = await guarded(
    { send },
    { atOnce: (method) => (method === "ping" ? { result: {} } : undefined) },
  );
  guard.onmessage = vi.fn();
  wire.onmessage!(request(7, "ping"));
  wire.onmessage!(request(8, "sampling/createMessage"));
  expect(send.mock.calls).toEqual([[{ jsonrpc: "2.0", id: 7, result: {} }, undefined]]);
  expect(guard.onmessage).toHaveBeenCalledExactlyOnceWith(request(8, "sampling/createMessage"), undefined);
});

describe("a guard lets through", () => {
  it("requests and their answers, and counts what is in flight", async () => {
    const { guard, sent, heard, say, onStray } = await guarded();
    expect([guard.epoch, guard.inFlight, guard.received]).toEqual([1, 0, 0]);
    const options = { resumptionToken: "x" };
    await guard.send(request(1), options);
    expect(sent).toEqual([{ message: request(1), options }]);
    expect(guard.inFlight).toBe(1);
    say(answer(1));
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
    expect([guard.inFlight, guard.received]).toEqual([0, 1]);
    expect(onStray).not.toHaveBeenCalled();
  });

  it("what comes with a message", async () => {
    const { guard, wire } = await guarded();
    const extra = { authInfo: { token: "t" } };
    guard.onmessage = vi.fn();
    wire.onmessage!(request(1, "ping"), extra as never);
    expect(guard.onmessage).toHaveBeenCalledExactlyOnceWith(request(1, "ping"), extra);
  });

  it("notifications and answers of the client's, which are in nobody's flight", async () => {
    const { guard, sent } = await guarded();
    const messages = [
      { jsonrpc: "2.0", method: "notifications/x" },
      { jsonrpc: "2.0", id: 7, result: {} },
    ];
    const options = { relatedRequestId: 1 };
    for (const message of messages) await guard.send(message as never, options);
    expect(sent).toEqual(messages.map((message) => ({ message, options })));
    expect(guard.inFlight).toBe(0);
  });

  it("requests and notifications of the server's, and tells of notifications first", async () => {
    const order: string[] = [];
    const { guard, say } = await guarded({}, { onNotification: () => order.push("hook") });
    guard.onmessage = () => void order.push("client");
    say({ method: "notifications/x" });
    say({ id: 5, method: "roots/list" });
    expect(order).toEqual(["hook", "client", "client"]);
    expect(guard.received).toBe(2);
  });

  it("no notification that nobody listens to: it is a sign of life, and is told, by number, where the server floods", async () => {
    const [onNotification, onWarning] = [vi.fn(), vi.fn()];
    const isHeard = (method: string) => method !== "notifications/message";
    const { guard, wire, heard, say } = await guarded({}, { isHeard, onNotification, onWarning });
    const log = { method: "notifications/message", params: { level: "error", data: "x" } };
    wire.unasked!.onFlood();
    for (let i = 0; i < 12; i++) say(log);
    expect([heard, onNotification.mock.calls, guard.received]).toEqual([[], [], 12]);
    onWarning.mockClear();
    wire.unasked!.onFlood();
    wire.unasked!.onFlood();
    expect(onWarning.mock.calls).toEqual([
      ["a notification that nobody listens to was left out (12 times by now)"],
    ]);
    // What has an id is a question, and what has a result an answer.
    say({ ...log, id: 5 });
    say({ method: "notifications/x" });
    expect(heard).toHaveLength(2);
  });

  it("errors of the wire, until it is down", async () => {
    const { guard, wire } = await guarded();
    const error = new Error("odd");
    wire.onerror!(error);
    await guard.close();
    wire.onerror!(new Error("late"));
    expect(guard.onerror).toHaveBeenCalledExactlyOnceWith(error);
  });

  it("answers to lists, with the method that was asked, and the page", async () => {
    const onList = vi.fn();
    const { guard, say } = await guarded({}, { onList });
    for (const [id, method] of [
      [1, "tools/list"],
      [2, "tools/call"],
      [3, "tools/list"],
    ] as const)
      await guard.send(request(id, method));
    say(answer(1, { tools: [] }));
    say(answer(2));
    say({ id: 3, error: { code: 1, message: "no" } });
    expect(onList).toHaveBeenCalledExactlyOnceWith("tools/list", { tools: [] }, undefined);
  });

  it("streams that listen, and does not count them as work", async () => {
    const { guard, say } = await guarded();
    await guard.send(request(1, "subscriptions/listen"));
    await guard.send(request(2));
    expect(guard.inFlight).toBe(1);
    say(answer(1));
    expect(guard.inFlight).toBe(1);
    say(answer(2));
    expect(guard.inFlight).toBe(0);
  });

  it("an answer after the notifications that came before it, which the Client hears late", async () => {
    const { guard, heard, say } = await guarded();
    await guard.send(request(1));
    await guard.send(request(2));
    say({ method: "notifications/progress" });
    say({ method: "notifications/progress" });
    say(answer(1));
    say({ id: 9, method: "ping" });
    expect(heard).toHaveLength(3);
    await settled();
    expect(heard.at(-1)).toMatchObject({ id: 1 });
    say(answer(2));
    expect(heard.at(-1)).toMatchObject({ id: 2 });
  });
});

describe("a guard that nobody listens to", () => {
  it("carries on all the same", async () => {
    const { guard, wire, say } = await guarded();
    guard.onmessage = guard.onclose = guard.onerror = undefined;
    await guard.send(request(1, "tools/list"));
    await guard.send(request(2));
    say(answer(1, { tools: [] }));
    wire.onerror!(new Error("odd"));
    wire.onclose!();
    expect(guard.inFlight).toBe(0);
  });
});

describe("a guard drops", () => {
  it("answers to nobody: late, twice, or invented", async () => {
    const { guard, heard, say, onStray } = await guarded();
    await guard.send(request(1));
    say(answer(1));
    for (const id of [1, 99, "x", "5", undefined]) say(answer(id));
    expect(heard).toHaveLength(1);
    expect(onStray).toHaveBeenCalledTimes(5);
    expect(onStray.mock.calls[0]![0]).toMatchObject({ id: 1 });
    const quiet = await guarded({}, { onStray: undefined });
    quiet.say(answer(1));
    expect(quiet.heard).toEqual([]);
  });

  it("everything once it is down, also an answer that waited for a notification", async () => {
    const { guard, heard, say, onStray } = await guarded();
    await guard.send(request(1));
    say({ method: "notifications/progress" });
    say(answer(1));
    await guard.close();
    heard.length = 0;
    say({ method: "notifications/progress" });
    await settled();
    expect(heard).toEqual([]);
    expect(guard.received).toBe(2);
    expect(onStray).not.toHaveBeenCalled();
  });
});

describe("an answer is known", () => {
  it.each([
    ["a number told as text", 5, "5"],
    ["a long number told as text", 123, "123"],
    ["a text", "abc", "abc"],
    ["a text of digits", "5", "5"],
  ])("by %s", async (_what, asked, told) => {
    const { guard, heard, say } = await guarded();
    await guard.send(request(asked));
    say(answer(told));
    expect(heard).toHaveLength(1);
    expect(guard.inFlight).toBe(0);
  });

  it.each(["5x", "x5", "5 "])("not by the text %j for the number 5", async (told) => {
    const { guard, say, onStray } = await guarded();
    await guard.send(request(5));
    say(answer(told));
    expect(guard.inFlight).toBe(1);
    expect(onStray).toHaveBeenCalledOnce();
  });
});
