import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Silence } from "../../../src/wires/http/silence.js";
import { withFakeTimers } from "../../support/fake-timers.js";

withFakeTimers();

function watched(maxMs: number) {
  const onSilent = vi.fn();
  const silence = new Silence(maxMs, onSilent);
  onTestFinished(() => silence.stop());
  const pass = (ms: number) => vi.advanceTimersByTime(ms);
  return { silence, onSilent, pass };
}

describe("a stream is silent", () => {
  it("when nothing came for the longest time that is allowed, and not before", () => {
    const { silence, onSilent, pass } = watched(100_000);
    pass(99_999);
    silence.heard(false);
    pass(99_999);
    expect(onSilent).not.toHaveBeenCalled();
    pass(1);
    expect(onSilent).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("when three of its own keep-alive intervals passed", () => {
    const { silence, onSilent, pass } = watched(100_000);
    for (let i = 0; i < 3; i++) {
      pass(5_000);
      silence.heard(true);
    }
    pass(14_999);
    expect(onSilent).not.toHaveBeenCalled();
    pass(1);
    expect(onSilent).toHaveBeenCalledOnce();
  });

  it("by its longest interval, where they differ", () => {
    const { silence, onSilent, pass } = watched(100_000);
    for (const ms of [2_000, 8_000, 3_000]) {
      pass(ms);
      silence.heard(true);
    }
    pass(23_999);
    expect(onSilent).not.toHaveBeenCalled();
    pass(1);
    expect(onSilent).toHaveBeenCalledOnce();
  });

  it.each([
    ["comments that come at once", true, 10],
    ["messages", false, 5_000],
  ])("not by an interval of %s: they promise nothing", (_what, keepsAlive, ms) => {
    const { silence, onSilent, pass } = watched(100_000);
    for (let i = 0; i < 5; i++) {
      pass(ms);
      silence.heard(keepsAlive);
    }
    pass(99_999);
    expect(onSilent).not.toHaveBeenCalled();
  });

  it("never, where it may be", () => {
    const { onSilent, pass } = watched(Number.POSITIVE_INFINITY);
    expect(vi.getTimerCount()).toBe(0);
    pass(1e9);
    expect(onSilent).not.toHaveBeenCalled();
  });
});
