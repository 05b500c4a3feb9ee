import type { RequestOptions } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { MAX_DELAY_MS } from "../../src/machines/backoff.js";
import { Deadline } from "../../src/session/deadline.js";
import { ManualClock } from "../support/manual-clock.js";

function of(options?: RequestOptions, timeoutMs = 60_000) {
  const clock = new ManualClock();
  return { clock, deadline: new Deadline(clock, { options, timeoutMs }) };
}

describe("a call that names no timeout", () => {
  it("has the session's, which progress does not move", () => {
    const { clock, deadline } = of(undefined, 500);
    expect(deadline).toMatchObject({
      timeoutMs: 500,
      limitMs: 500,
      named: false,
      resets: false,
      over: false,
    });
    expect(deadline.signal).toBeUndefined();
    expect(deadline.remaining()).toBe(500);
    clock.advance(200);
    expect(deadline.remaining()).toBe(300);
    clock.advance(400);
    expect(deadline.remaining()).toBe(-100);
    expect(deadline.sdk()).toEqual({});
    expect(clock.waits).toEqual([]);
  });

  it.each([
    ["0", 0, MAX_DELAY_MS],
    ["1 ms", 1, 1],
    ["a negative time", -1, MAX_DELAY_MS],
    ["longer than a timer can wait", MAX_DELAY_MS + 1, MAX_DELAY_MS],
    ["Infinity", Number.POSITIVE_INFINITY, MAX_DELAY_MS],
  ])("waits for as long as the session says: %s", (_what, given, expected) => {
    expect(of(undefined, given).deadline.timeoutMs).toBe(expected);
  });
});

describe("a call that names a timeout", () => {
  it("has that and not the session's", () => {
    const { deadline } = of({ timeout: 40 });
    expect(deadline).toMatchObject({ timeoutMs: 40, limitMs: 40, named: true, resets: false });
    expect(deadline.remaining()).toBe(40);
  });

  it("and lets progress move it begins anew with each progress, which its handler still hears of", () => {
    const onprogress = vi.fn();
    const { clock, deadline } = of({ timeout: 100, resetTimeoutOnProgress: true, onprogress });
    expect(deadline.resets).toBe(true);
    clock.advance(80);
    expect(deadline.remaining()).toBe(20);
    deadline.sdk().onprogress!({ progress: 1 });
    expect(deadline.remaining()).toBe(100);
    expect(onprogress).toHaveBeenCalledExactlyOnceWith({ progress: 1 });
  });

  it("may be moved by progress that nobody listens to", () => {
    const { clock, deadline } = of({ timeout: 100, resetTimeoutOnProgress: true });
    clock.advance(80);
    deadline.sdk().onprogress!({ progress: 1 });
    expect(deadline.remaining()).toBe(100);
  });

  it("and does not let progress move it leaves the handler to the SDK", () => {
    expect(of({ timeout: 100, onprogress: vi.fn() }).deadline.sdk()).toEqual({});
  });
});

describe("a call with a total", () => {
  it("is over then, whatever its progress", () => {
    const { clock, deadline } = of({ timeout: 100, maxTotalTimeout: 150, resetTimeoutOnProgress: true });
    expect(deadline.remaining()).toBe(100);
    expect(deadline.limitMs).toBe(100);
    clock.advance(90);
    deadline.sdk().onprogress!({ progress: 1 });
    expect(deadline.remaining()).toBe(60);
    expect(deadline.over).toBe(false);
    expect(deadline.signal!.aborted).toBe(false);
    clock.advance(60);
    expect(deadline).toMatchObject({ over: true, limitMs: 150 });
    expect(deadline.signal!.aborted).toBe(true);
    expect(deadline.sdk().signal).toBe(deadline.signal);
  });

  it("also ends with its caller's signal, and is not over then", () => {
    const caller = new AbortController();
    const { deadline } = of({ signal: caller.signal, maxTotalTimeout: 150 });
    expect(deadline.signal!.aborted).toBe(false);
    caller.abort(new Error("enough"));
    expect(deadline.signal!.reason).toMatchObject({ message: "enough" });
    expect(deadline.over).toBe(false);
  });

  it("and a signal of its caller's ends with the total too", () => {
    const { clock, deadline } = of({ signal: new AbortController().signal, maxTotalTimeout: 150 });
    clock.advance(150);
    expect(deadline.signal!.aborted).toBe(true);
  });

  it("of 0 has none that would ever come", () => {
    const { clock, deadline } = of({ timeout: 100, maxTotalTimeout: 0 });
    expect(deadline.remaining()).toBe(100);
    expect(clock.waits).toEqual([MAX_DELAY_MS]);
  });

  it("leaves no timer behind once it is settled", () => {
    const { clock, deadline } = of({ maxTotalTimeout: 150 });
    deadline.clear();
    expect(clock.waits).toEqual([]);
  });
});
