import { describe, expect, it, vi } from "vitest";
import { Heartbeat } from "../../src/connection/heartbeat.js";
import type { Ready } from "../../src/session/ports.js";
import { ManualClock } from "../support/manual-clock.js";
import { quiet } from "../support/settling.js";

function rig({ intervalMs = 30_000, wall = false, bytes = false } = {}) {
  const clock = new ManualClock();
  let ahead = 1_000_000;
  const state = { steady: true, answers: true };
  const host = {
    ask: vi.fn(async (_ready: Ready) => state.answers),
    clock: wall ? Object.assign(clock, { wall: () => clock.now() + ahead }) : clock,
    intervalMs,
    doubt: vi.fn(),
    steady: () => state.steady,
    heard: vi.fn(),
  };
  const wire: { bytesRead?: number } = bytes ? { bytesRead: 0 } : {};
  const guard = { received: 0, wire };
  const heartbeat = new Heartbeat(host);
  const ready = { epoch: 7, guard } as unknown as Ready;
  heartbeat.start(ready);
  const pass = async (ms: number) => {
    clock.advance(ms);
    await quiet();
  };
  /** The wall clock goes on while the other one stands. */
  const sleep = (ms: number) => {
    ahead += ms;
  };
  return { clock, host, guard, wire, ready, heartbeat, state, sleep, pass };
}

describe("a connection that is silent", () => {
  it("is asked after the interval, and again after another, and nobody doubts it while it answers", async () => {
    const { host, ready, pass } = rig();
    await pass(29_999);
    expect(host.ask).not.toHaveBeenCalled();
    await pass(1);
    expect(host.ask).toHaveBeenCalledExactlyOnceWith(ready);
    await pass(29_999);
    expect(host.ask).toHaveBeenCalledTimes(1);
    await pass(1);
    expect(host.ask).toHaveBeenCalledTimes(2);
    expect(host.heard).not.toHaveBeenCalled();
    expect(host.doubt).not.toHaveBeenCalled();
  });

  it("is doubted where it does not answer", async () => {
    const { host, state, pass } = rig();
    state.answers = false;
    await pass(30_000);
    expect(host.doubt).toHaveBeenCalledExactlyOnceWith(7, true);
  });

  it("is looked at as often as its interval, where that is shorter than five seconds", async () => {
    const { clock, host, pass } = rig({ intervalMs: 200 });
    expect(clock.waits).toEqual([200]);
    await pass(200);
    expect(host.ask).toHaveBeenCalledTimes(1);
    expect(clock.waits).toEqual([200]);
    expect(rig().clock.waits).toEqual([5_000]);
  });

  it("is not asked before its time where something came in, which is told", async () => {
    const { host, guard, pass } = rig();
    await pass(26_000);
    guard.received++;
    await pass(4_000);
    expect(host.heard).toHaveBeenCalledTimes(1);
    await pass(29_999);
    expect(host.ask).not.toHaveBeenCalled();
    await pass(1);
    expect(host.ask).toHaveBeenCalledTimes(1);
    expect(host.heard).toHaveBeenCalledTimes(1);
  });

  it("is judged by bytes where the wire counts them", async () => {
    const { host, guard, wire, pass } = rig({ bytes: true });
    guard.received++;
    await pass(5_000);
    expect(host.heard).not.toHaveBeenCalled();
    wire.bytesRead = 10;
    await pass(5_000);
    expect(host.heard).toHaveBeenCalledTimes(1);
  });

  it("is asked one question at a time, and the interval begins anew with its answer", async () => {
    const { host, pass } = rig();
    let answer!: (alive: boolean) => void;
    host.ask.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    await pass(90_000);
    expect(host.ask).toHaveBeenCalledTimes(1);
    answer(true);
    await pass(0);
    await pass(29_999);
    expect(host.ask).toHaveBeenCalledTimes(1);
    await pass(1);
    expect(host.ask).toHaveBeenCalledTimes(2);
  });

  it("is not asked while it is doubted or somebody signs in, and the interval begins anew with the end of that", async () => {
    const { host, state, pass } = rig();
    await pass(25_000);
    state.steady = false;
    await pass(60_000);
    expect(host.ask).not.toHaveBeenCalled();
    state.steady = true;
    // Its end is seen at the next look.
    await pass(5_000);
    await pass(29_999);
    expect(host.ask).not.toHaveBeenCalled();
    await pass(1);
    expect(host.ask).toHaveBeenCalledTimes(1);
  });

  it("is not looked at where nobody wants to hear", () => {
    expect(rig({ intervalMs: Number.POSITIVE_INFINITY }).clock.waits).toEqual([]);
  });

  it("is looked at once at a time, and not once it is over", async () => {
    const { clock, heartbeat, host, pass } = rig();
    const next = { epoch: 8, guard: { received: 0, wire: {} } } as unknown as Ready;
    heartbeat.start(next);
    expect(clock.waits).toEqual([5_000]);
    await pass(30_000);
    expect(host.ask).toHaveBeenCalledExactlyOnceWith(next);
    heartbeat.stop();
    expect(clock.waits).toEqual([]);
  });

  it.each(["stops", "is followed by another"])(
    "is not doubted any more where it %s before it answers",
    async (how) => {
      const { heartbeat, host, pass } = rig();
      let answer!: (alive: boolean) => void;
      host.ask.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
      await pass(30_000);
      if (how === "stops") heartbeat.stop();
      else heartbeat.start({ epoch: 8, guard: { received: 0, wire: {} } } as unknown as Ready);
      answer(false);
      await pass(5_000);
      expect(host.doubt).not.toHaveBeenCalled();
    },
  );
});

describe("a machine that slept", () => {
  const forever = { intervalMs: Number.POSITIVE_INFINITY, wall: true };

  it("has its connection asked at once, also where there is no heartbeat, and once", () => {
    const { clock, host, sleep } = rig(forever);
    expect(clock.waits).toEqual([5_000]);
    clock.advance(5_000);
    sleep(3_600_000);
    expect(host.doubt).not.toHaveBeenCalled();
    clock.advance(5_000);
    expect(host.doubt).toHaveBeenCalledExactlyOnceWith(7, false);
    clock.advance(60_000);
    expect(host.doubt).toHaveBeenCalledTimes(1);
  });

  it("is one that slept for more than five seconds", () => {
    const { clock, host, sleep } = rig(forever);
    sleep(5_000);
    clock.advance(5_000);
    expect(host.doubt).not.toHaveBeenCalled();
    sleep(5_001);
    clock.advance(5_000);
    expect(host.doubt).toHaveBeenCalledTimes(1);
  });

  it("had slept before it was watched: that is nothing", () => {
    const { clock, host, sleep, heartbeat } = rig(forever);
    sleep(3_600_000);
    heartbeat.start({ epoch: 8, guard: { received: 0, wire: {} } } as unknown as Ready);
    clock.advance(60_000);
    expect(host.doubt).not.toHaveBeenCalled();
  });

  it("begins the interval anew", async () => {
    const { host, sleep, pass } = rig({ wall: true });
    sleep(10_000);
    await pass(5_000);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    await pass(29_999);
    expect(host.ask).not.toHaveBeenCalled();
    await pass(1);
    expect(host.ask).toHaveBeenCalledTimes(1);
  });
});
