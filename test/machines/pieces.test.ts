import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_DELAY_MS } from "../../src/machines/backoff.js";
import { causeOf } from "../../src/machines/causes.js";
import { systemClock } from "../../src/machines/clock.js";
import { Disposer } from "../../src/machines/disposer.js";
import { Gates } from "../support/by-hand.js";

describe("the cause of a transition, in the words of the chart", () => {
  it.each([
    ["xstate.done.actor.open", "wire.opened"],
    ["xstate.error.actor.open", "attempt.failed"],
    ["xstate.done.actor.probe", "probe.answered"],
    ["xstate.error.actor.probe", "probe.failed"],
    ["xstate.done.actor.dispose", "disposed"],
    ["xstate.error.actor.dispose", "disposed"],
    ["xstate.after.connectTimeout.connection.connecting.opening", "attempt.timed-out"],
    ["xstate.after.probeTimeout.connection.connected.probing", "probe.timed-out"],
    ["xstate.after.closeTimeout.connection.disconnecting", "disposal.timed-out"],
    ["xstate.after.untilRetry.connection.connecting.waiting", "retry.due"],
    ["lease.acquired", "lease.acquired"],
    ["wire.lost", "wire.lost"],
  ])("%s is %s", (type, cause) => expect(causeOf(type)).toBe(cause));
});

describe("the system's clock", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("tells the time of day, in whole milliseconds", () => {
    const before = Date.now();
    const [now, wall] = [systemClock.now(), systemClock.wall!()];
    expect(Number.isInteger(now)).toBe(true);
    expect(Math.abs(now - before)).toBeLessThan(1_000);
    expect(wall).toBeGreaterThanOrEqual(before);
    expect(wall).toBeLessThanOrEqual(Date.now());
  });

  it("fires a timer, and not one that was cleared", async () => {
    const fired: string[] = [];
    const cleared = systemClock.setTimeout(() => fired.push("cleared"), 1);
    systemClock.clearTimeout(cleared);
    await new Promise<void>((resolve) => {
      systemClock.setTimeout(() => fired.push("kept"), 1);
      setTimeout(resolve, 20);
    });
    expect(fired).toEqual(["kept"]);
  });

  it("keeps no program alive for a timer, and takes any delay and any kind of timer", () => {
    const delays: number[] = [];
    const unref = vi.fn();
    const timers = [{ unref }, 7];
    vi.stubGlobal("setTimeout", (_fn: () => void, ms: number) => {
      delays.push(ms);
      return timers.shift();
    });
    expect(systemClock.setTimeout(() => {}, Number.POSITIVE_INFINITY)).toEqual({ unref });
    expect(unref).toHaveBeenCalledOnce();
    expect(systemClock.setTimeout(() => {}, -1)).toBe(7);
    expect(delays).toEqual([MAX_DELAY_MS, 0]);
  });
});

describe("what an attempt opened", () => {
  it("is closed one after the other, the newest first, each once", async () => {
    const gates = new Gates();
    const disposer = new Disposer();
    for (const what of ["first", "second"]) disposer.add(() => gates.begin(what));
    expect(gates.begun).toEqual([]);
    const done = disposer.dispose();
    expect(disposer.dispose()).toBe(done);
    expect(gates.begun).toEqual(["second"]);
    await gates.succeed("second");
    expect(gates.begun).toEqual(["second", "first"]);
    await gates.succeed("first");
    await done;
    expect(gates.begun).toEqual(["second", "first"]);
  });

  it("is closed also when some of it fails to", async () => {
    const closed: string[] = [];
    const disposer = new Disposer();
    disposer.add(() => closed.push("first"));
    disposer.add(() => {
      throw new Error("at once");
    });
    disposer.add(() => Promise.reject(new Error("later")));
    await expect(disposer.dispose()).resolves.toBeUndefined();
    expect(closed).toEqual(["first"]);
  });

  it("may be nothing", () => expect(new Disposer().dispose()).resolves.toBeUndefined());

  it("too late is closed at once, and waited for by who disposes after that", async () => {
    const gates = new Gates();
    const disposer = new Disposer();
    await disposer.dispose();
    disposer.add(() => gates.begin("late"));
    expect(gates.begun).toEqual(["late"]);
    let over = false;
    const done = disposer.dispose().then(() => {
      over = true;
    });
    await new Promise(setImmediate);
    expect(over).toBe(false);
    await gates.succeed("late");
    await done;
  });
});
