import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { CALL, type CallTag } from "../../src/wires/call-tag.js";
import { Guard } from "../../src/wires/guard.js";
import { failure } from "../support/call-tag.js";
import { guarded, request, wireWith } from "../support/hand-made-wire.js";
import { settled } from "../support/settling.js";

describe("a wire that ends by itself", () => {
  it("is down before anybody hears of it, then answers all that was in flight, then closes", async () => {
    const order: string[] = [];
    const { guard, wire } = await guarded(
      { failure },
      {
        onLost: (why) => void order.push(`lost: ${why.message}, down: ${guard.down === why}`),
      },
    );
    guard.onmessage = (message) => void order.push(`answer ${(message as { id: number }).id}`);
    guard.onclose = () => void order.push("closed");
    await guard.send(request(1));
    await guard.send(request(2));
    wire.onclose!();
    wire.onclose!();
    expect(order).toEqual(["lost: it was killed, down: true", "answer 1", "answer 2", "closed"]);
    expect(guard.inFlight).toBe(0);
  });

  it("says what became of each: nobody knows", async () => {
    const { guard, wire, heard, onLost } = await guarded();
    await guard.send(request(1));
    wire.onclose!();
    const why = { code: "CONNECTION_LOST", message: "the server closed the connection" };
    expect(heard).toMatchObject([{ id: 1, error: { data: { outcome: "unknown", failure: why } } }]);
    expect(onLost).toHaveBeenCalledExactlyOnceWith(why);
    expect(guard.down).toEqual(why);
  });

  it("says of a request that was refused, and waited for a credential, that it was not done", async () => {
    const { guard, wire, heard } = await guarded();
    const call = { session: {}, written: 0, ended: new AbortController().signal } as CallTag;
    await guard.send(request(1), { headers: { [CALL]: call } as never });
    await guard.send(request(2));
    wire.onParked!(1);
    wire.onParked!(9);
    expect(wire.onResumed!(9)).toBe(false);
    wire.onclose!();
    expect(heard).toMatchObject([
      { id: 1, error: { data: { outcome: "rejected" } } },
      { id: 2, error: { data: { outcome: "unknown" } } },
    ]);
    expect(call.written).toBe(0);
    expect(wire.onResumed!(1)).toBe(false);
  });

  it("says of a request that still waits for a socket that it was not sent, and takes it back so that this stays true", async () => {
    const cancel = vi.fn();
    const isWaiting = (id: unknown) => id === 2;
    const { guard, heard } = await guarded({ hasPerRequestStream: true, cancel, isWaiting });
    await guard.send(request(1));
    await guard.send(request(2));
    // The wire is closed a while later.
    guard.shut(failure);
    expect(heard).toMatchObject([
      { id: 1, error: { data: { outcome: "unknown" } } },
      { id: 2, error: { data: { outcome: "not-sent" } } },
    ]);
    expect(cancel).toHaveBeenCalledExactlyOnceWith(2);
  });

  it("takes nothing any more", async () => {
    const { guard, wire, sent } = await guarded({ failure });
    wire.onclose!();
    await expect(guard.send(request(1))).rejects.toMatchObject({ outcome: "not-sent", failure });
    expect(sent).toEqual([]);
  });
});

describe("a wire that is ended by us", () => {
  it("is closed once, and its loss is no loss", async () => {
    const { guard, wire, onLost, heard } = await guarded();
    await guard.send(request(1));
    const closes = [guard.close(), guard.close()];
    expect(closes[0]).toBe(closes[1]);
    await closes[0];
    wire.onclose?.();
    expect(wire.close).toHaveBeenCalledTimes(1);
    expect(onLost).not.toHaveBeenCalled();
    expect(guard.onclose).toHaveBeenCalledTimes(1);
    const asked = { code: "CONNECTION_LOST", message: "the wire is closed", asked: true };
    expect(guard.down).toEqual(asked);
    expect(heard).toMatchObject([{ id: 1, error: { data: { failure: asked } } }]);
  });

  it("keeps the reason of its loss where it was lost before", async () => {
    const { guard } = await guarded();
    guard.lose(failure);
    guard.shut({ code: "X", message: "later" });
    await guard.close();
    expect(guard.down).toBe(failure);
    expect(guard.onclose).toHaveBeenCalledTimes(1);
  });

  it("before it was started does not start", async () => {
    const { wire } = wireWith();
    const guard = new Guard(wire, 1, { onLost: vi.fn() });
    await guard.close();
    await expect(guard.start()).rejects.toMatchObject({ outcome: "not-sent", message: "the wire is closed" });
    expect(wire.start).not.toHaveBeenCalled();
  });

  it("rejects where closing it throws", async () => {
    const close = () => {
      throw new Error("stuck");
    };
    const { guard } = await guarded({ close });
    await expect(guard.close()).rejects.toThrow("stuck");
  });
});

describe("waiting until a wire is down", () => {
  it("ends with the wire, at once where it is down already", async () => {
    const { guard } = await guarded();
    const done = vi.fn();
    const waits = [1, 2].map(() => guard.whenDown(new AbortController().signal).then(done));
    await settled();
    expect(done).not.toHaveBeenCalled();
    guard.lose(failure);
    await Promise.all(waits);
    await guard.whenDown(AbortSignal.abort());
  });

  it("ends with its signal, before or while it waits, and leaves nothing on it", async () => {
    const { guard } = await guarded();
    const reason = new Error("enough");
    await expect(guard.whenDown(AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const waiting = guard.whenDown(stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    const other = new AbortController();
    const second = guard.whenDown(other.signal);
    guard.lose(failure);
    await second;
    expect(getEventListeners(other.signal, "abort")).toEqual([]);
  });
});
