import { describe, expect, it, vi } from "vitest";
import { Heartbeat } from "../../src/connection/heartbeat.js";
import type { Ready } from "../../src/session/ports.js";
import { ManualClock } from "../support/manual-clock.js";

function rig({ intervalMs = 30_000, wall = false, bytes = false } = {}) {
  const clock = new ManualClock();
  let ahead = 1_000_000;
  const state = { probing: false };
  const host = {
    clock: wall ? Object.assign(clock, { wall: () => clock.now() + ahead }) : clock,
    intervalMs,
    doubt: vi.fn(),
    probing: () => state.probing,
    heard: vi.fn(),
  };
  const wire: { bytesRead?: number } = bytes ? { bytesRead: 0 } : {};
  const guard = { received: 0, wire };
  const heartbeat = new Heartbeat(host);
  heartbeat.start({ epoch: 7, guard } as unknown as Ready);
  /** The wall clock goes on while the other one stands. */
  const sleep = (ms: number) => {
    ahead += ms;
  };
  return { clock, host, guard, wire, heartbeat, state, sleep };
}

describe("a connection that is silent", () => {
  it("is doubted after the interval, and again after another", () => {
    const { clock, host } = rig();
    clock.advance(29_999);
    expect(host.doubt).not.toHaveBeenCalled();
    clock.advance(1);
    expect(host.doubt).toHaveBeenCalledExactlyOnceWith(7);
    clock.advance(29_999);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(host.doubt).toHaveBeenCalledTimes(2);
    expect(host.heard).not.toHaveBeenCalled();
  });

  it("is looked at as often as its interval, where that is shorter than five seconds", () => {
    const { clock, host } = rig({ intervalMs: 200 });
    expect(clock.waits).toEqual([200]);
    clock.advance(200);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    expect(clock.waits).toEqual([200]);
    expect(rig().clock.waits).toEqual([5_000]);
  });

  it("is not doubted before its time where something came in, which is told", () => {
    const { clock, host, guard } = rig();
    clock.advance(26_000);
    guard.received++;
    clock.advance(4_000);
    expect(host.heard).toHaveBeenCalledTimes(1);
    clock.advance(29_999);
    expect(host.doubt).not.toHaveBeenCalled();
    clock.advance(1);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    expect(host.heard).toHaveBeenCalledTimes(1);
  });

  it("is judged by bytes where the wire counts them", () => {
    const { clock, host, guard, wire } = rig({ bytes: true });
    guard.received++;
    clock.advance(5_000);
    expect(host.heard).not.toHaveBeenCalled();
    wire.bytesRead = 10;
    clock.advance(5_000);
    expect(host.heard).toHaveBeenCalledTimes(1);
  });

  it("is not doubted while it is asked, and the interval begins anew with the answer", () => {
    const { clock, host, state } = rig();
    clock.advance(25_000);
    state.probing = true;
    clock.advance(60_000);
    expect(host.doubt).not.toHaveBeenCalled();
    state.probing = false;
    // Its end is seen at the next look.
    clock.advance(5_000);
    clock.advance(29_999);
    expect(host.doubt).not.toHaveBeenCalled();
    clock.advance(1);
    expect(host.doubt).toHaveBeenCalledTimes(1);
  });

  it("is not looked at where nobody wants to hear", () => {
    expect(rig({ intervalMs: Number.POSITIVE_INFINITY }).clock.waits).toEqual([]);
  });

  it("is looked at once at a time, and not once it is over", () => {
    const { clock, heartbeat, host } = rig();
    heartbeat.start({ epoch: 8, guard: { received: 0, wire: {} } } as unknown as Ready);
    expect(clock.waits).toEqual([5_000]);
    clock.advance(30_000);
    expect(host.doubt).toHaveBeenCalledExactlyOnceWith(8);
    heartbeat.stop();
    expect(clock.waits).toEqual([]);
  });
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
    expect(host.doubt).toHaveBeenCalledExactlyOnceWith(7);
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

  it("begins the interval anew", () => {
    const { clock, host, sleep } = rig({ wall: true });
    sleep(10_000);
    clock.advance(5_000);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    clock.advance(29_999);
    expect(host.doubt).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(host.doubt).toHaveBeenCalledTimes(2);
  });
});
