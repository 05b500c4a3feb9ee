import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { whenAborted } from "../../src/base/abort.js";
import { pause, Queue, untilAborted, withDeadline } from "../../src/base/wait.js";
import { ManualClock } from "../support/manual-clock.js";

const never = () => new Promise<never>(() => {});
const heeding = (signal: AbortSignal) => untilAborted(never(), signal);
const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("a signal on which many wait", () => {
  it("has one listener for all of them, and none when the last took its wish back", () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 1000 }, () => whenAborted(signal, () => {}));
    expect(listeners(signal)).toBe(1);
    for (const stop of stops) stop();
    expect(listeners(signal)).toBe(0);
  });

  it("tells each of them once, in their order, and not those that took it back", () => {
    const controller = new AbortController();
    const told: string[] = [];
    whenAborted(controller.signal, (reason) => {
      told.push(`a ${reason}`);
      // One that is told may be the reason why another wants to know no more.
      stop();
    });
    const stop = whenAborted(controller.signal, () => told.push("b"));
    whenAborted(controller.signal, (reason) => told.push(`c ${reason}`));
    controller.abort("why");
    expect(told).toEqual(["a why", "c why"]);
    whenAborted(controller.signal, (reason) => told.push(`late ${reason}`));
    expect(told.at(-1)).toBe("late why");
  });
});

describe("a wait", () => {
  it("settles as its work does, and leaves no listener", async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), signal, undefined)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    await Promise.resolve();
    expect(listeners(signal)).toBe(0);
  });

  it("rejects with the reason of the signal that fires first, though its work goes on", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = untilAborted(never(), first.signal, second.signal);
    second.abort(new Error("second"));
    first.abort(new Error("first"));
    await expect(waiting).rejects.toThrow("second");
  });

  it("is told of its deadline by its signal, which carries the reason", async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const waiting = withDeadline({ clock, ms: 50, expired: () => new Error("late") }, (signal) => {
      given = signal;
      return untilAborted(never(), signal);
    });
    clock.advance(49);
    expect(given?.aborted).toBe(false);
    clock.advance(1);
    await expect(waiting).rejects.toThrow("late");
    expect(given?.reason).toEqual(new Error("late"));
  });

  it("leaves no timer and no listener, however it ends", async () => {
    const clock = new ManualClock();
    const outer = new AbortController();
    const limits = { clock, ms: 50, expired: () => new Error("late"), signals: [outer.signal] };
    expect(await withDeadline(limits, async () => "done")).toBe("done");
    expect([clock.waits, listeners(outer.signal)]).toEqual([[], 0]);
    const waiting = withDeadline(limits, heeding);
    outer.abort(new Error("outer"));
    await expect(waiting).rejects.toThrow("outer");
    expect(clock.waits).toEqual([]);
  });

  it("of no length at all has no timer, and one that was given up before begins none", async () => {
    const clock = new ManualClock();
    const outer = new AbortController();
    const waiting = withDeadline(
      { clock, ms: Number.POSITIVE_INFINITY, expired: () => new Error("late"), signals: [outer.signal] },
      heeding,
    );
    expect(clock.waits).toEqual([]);
    outer.abort(new Error("outer"));
    await expect(waiting).rejects.toThrow("outer");
    await expect(pause(clock, 10, outer.signal)).rejects.toThrow("outer");
    expect(clock.waits).toEqual([]);
  });
});

describe("a queue", () => {
  it("lets all go at once, with a value or a reason, and forgets those that gave up", async () => {
    const queue = new Queue<string>(2);
    const controller = new AbortController();
    const waits = [queue.wait(), queue.wait(controller.signal)];
    expect([queue.full, queue.empty]).toEqual([true, false]);
    controller.abort(new Error("gave up"));
    await expect(waits[1]).rejects.toThrow("gave up");
    expect(queue.full).toBe(false);
    queue.resolve("go");
    expect(await waits[0]).toBe("go");
    expect(queue.empty).toBe(true);
    const later = queue.wait();
    queue.reject(new Error("no"));
    await expect(later).rejects.toThrow("no");
  });

  it("takes nobody whose signal has fired", async () => {
    const queue = new Queue<void>();
    await expect(queue.wait(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    expect(queue.empty).toBe(true);
  });
});
