import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import type { ConnectionActor } from "../../src/connection/actor.js";
import { CurrentEpoch } from "../../src/connection/current-epoch.js";
import { Waiting } from "../../src/connection/waiting.js";
import type { Ready } from "../../src/session/ports.js";
import { isPending, rejection } from "../support/settling.js";

const live = new AbortController().signal;
const ready = (part: object = {}) =>
  ({ epoch: 1, client: {}, guard: { down: undefined }, ...part }) as unknown as Ready;

function rig(maxQueued = 2) {
  const current = new CurrentEpoch();
  const send = vi.fn();
  const actor = { send, path: "connecting.opening", state: "connecting" };
  const waiting = new Waiting({
    name: "files",
    maxQueued,
    current,
    actor: () => actor as unknown as ConnectionActor,
  });
  const sent = () => send.mock.calls.map(([{ type }]) => type);
  return { waiting, current, actor, sent };
}

describe("the one owner of what is open", () => {
  it("has it opened first, ready with the machine's step, and no longer once that ends", () => {
    const current = new CurrentEpoch();
    expect([current.opened, current.ready, current.begin()]).toEqual([undefined, undefined, undefined]);
    const [first, second] = [ready(), ready({ epoch: 2 })];
    current.end();
    current.open(first);
    expect([current.opened, current.ready]).toEqual([first, undefined]);
    expect(current.begin()).toBe(first);
    expect(current.ready).toBe(first);
    current.open(second);
    expect(current.ready).toBeUndefined();
    current.begin();
    expect(current.end()).toBe(second);
    expect(current.end()).toBeUndefined();
    expect([current.opened, current.ready]).toEqual([second, undefined]);
  });
});

describe("waiting for the connection", () => {
  it("is not needed where it is ready, and asks for it where it is not", async () => {
    const { waiting, current, sent } = rig();
    const first = ready();
    const calls = [
      waiting.whenReady(live, { isNewCall: true }),
      waiting.whenReady(live, { isNewCall: true }),
    ];
    expect(sent()).toEqual(["demand", "demand"]);
    waiting.ready(first);
    expect(await Promise.all(calls)).toEqual([first, first]);
    current.open(first);
    current.begin();
    expect(await waiting.whenReady(live, { isNewCall: true })).toBe(first);
    expect(sent()).toEqual(["demand", "demand"]);
  });

  it("is bounded", async () => {
    const { waiting, sent } = rig();
    const calls = [
      waiting.whenReady(live, { isNewCall: true }),
      waiting.whenReady(live, { isNewCall: true }),
    ].map(rejection);
    expect(await rejection(waiting.whenReady(live, { isNewCall: true }))).toMatchObject({
      code: "QUEUE_FULL",
      maxQueued: 2,
    });
    // A session that opens, or a call that was let in before, is no new call.
    const others = [1, 2, 3].map(() => rejection(waiting.whenReady(live)));
    expect(await isPending(Promise.race(others))).toBe(true);
    expect(sent()).toEqual(Array(5).fill("demand"));
    waiting.letGo();
    for (const call of calls)
      expect(await call).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-sent" });
  });

  it("ends with its signal, and with the last one the connection is not asked for any more", async () => {
    const { waiting, sent } = rig();
    const [one, two] = [new AbortController(), new AbortController()];
    const calls = [waiting.whenReady(one.signal, { isNewCall: true }), waiting.whenReady(two.signal)].map(
      rejection,
    );
    const reason = new Error("enough");
    one.abort(reason);
    expect(await calls[0]).toBe(reason);
    expect(sent()).toEqual(["demand", "demand"]);
    two.abort(reason);
    expect(await calls[1]).toBe(reason);
    expect(sent()).toEqual(["demand", "demand", "demand.withdrawn"]);
  });

  it("ends with the connection: with why it failed, or that it is closed, then and later", async () => {
    const closed = new HoldfastError("TRANSPORT_CLOSED", "closed", {});
    const cause = new HoldfastError("CONNECT_FAILED", "refused", {});
    for (const [why, told] of [
      [cause, cause],
      [undefined, closed],
    ]) {
      const { waiting, sent } = rig();
      expect(waiting.closedError).toBeUndefined();
      const call = rejection(waiting.whenReady(live, { isNewCall: true }));
      waiting.end(closed, why);
      expect(await call).toBe(told);
      expect(waiting.closedError).toBe(closed);
      const before = sent().length;
      expect(await rejection(waiting.whenReady(live, { isNewCall: true }))).toBe(closed);
      expect(sent()).toHaveLength(before);
    }
  });
});

describe("waiting for a verdict", () => {
  it.each([
    ["connected.steady", false, false],
    ["connected.probing", false, true],
    ["connected.authorizing", false, false],
    ["connected.authorizing", true, true],
    ["connected.steady", true, false],
  ])("in %s, with the wire down: %s, waits: %s", async (path, down, waits) => {
    const { waiting, current, actor } = rig();
    actor.path = path;
    current.open(ready({ guard: { down: down ? { code: "X", message: "x" } : undefined } }));
    current.begin();
    const verdict = waiting.whenVerdict(live);
    expect(await isPending(verdict)).toBe(waits);
    waiting.verdict();
    await verdict;
  });

  it("ends with its signal; without anything open there is none", async () => {
    const { waiting, actor } = rig();
    actor.path = "connected.authorizing";
    await waiting.whenVerdict(live);
    actor.path = "connected.probing";
    const over = new AbortController();
    const verdict = rejection(waiting.whenVerdict(over.signal));
    over.abort("enough");
    expect(await verdict).toBe("enough");
  });
});

describe("waiting for a state", () => {
  it("looks now, and after each step", async () => {
    const { waiting, actor } = rig();
    await waiting.until((state) => state === "connecting");
    const connected = waiting.until((state) => state === "connected");
    waiting.moved();
    expect(await isPending(connected)).toBe(true);
    actor.state = "connected";
    expect(await isPending(connected)).toBe(true);
    waiting.moved();
    await connected;
    const over = new AbortController();
    const idle = rejection(waiting.until((state) => state === "idle", over.signal));
    over.abort("enough");
    expect(await idle).toBe("enough");
  });
});
