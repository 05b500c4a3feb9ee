import { describe, expect, it, vi } from "vitest";
import { whenAborted } from "../../src/base/abort.js";
import { OwnSignal } from "../../src/base/own-signal.js";

describe("a signal of our own", () => {
  it("fires once, with the first reason", () => {
    const signal = new OwnSignal();
    const listener = vi.fn();
    const run = vi.fn();
    signal.onabort = vi.fn();
    signal.addEventListener("abort", listener, { once: true });
    whenAborted(signal, run);
    whenAborted(signal, run)();
    expect(signal.aborted).toBe(false);
    signal.throwIfAborted();
    signal.abort("first");
    signal.abort("second");
    expect(signal).toMatchObject({ aborted: true, reason: "first" });
    expect(() => signal.throwIfAborted()).toThrow("first");
    expect(signal.onabort).toHaveBeenCalledOnce();
    expect(listener).toHaveBeenCalledOnce();
    expect(listener.mock.calls[0]![0]).toMatchObject({ type: "abort" });
    expect(run.mock.calls).toEqual([["first"]]);
  });

  it("has the reason of a native one where none is given", () => {
    const native = new AbortController();
    const signal = new OwnSignal();
    native.abort();
    signal.abort();
    const { name, message } = native.signal.reason;
    expect(signal.reason).toMatchObject({ name, message });
  });
});
