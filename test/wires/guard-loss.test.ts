import { describe, expect, it, vi } from "vitest";
import { CALL, type CallTag, Guard } from "../../src/wires/guard.js";
import { Lost } from "../../src/wires/lost.js";
import { guarded, request, wireWith } from "../support/hand-made-wire.js";
import { settled } from "../support/settling.js";

const failure = { code: "CONNECTION_LOST", message: "it was killed" };
const tagged = () => {
  const tag = { written: 0, session: {}, ended: new AbortController().signal } as CallTag;
  return { tag, options: { headers: { [CALL]: tag } } as never };
};

describe("a wire that ends by itself", () => {
  it("is down before anybody hears of it, then answers all that was in flight, then closes", async () => {
    const order: string[] = [];
    const { guard, wire } = await guarded(
      { failure },
      {
        onlost: (why) => void order.push(`lost: ${why.message}, down: ${guard.down === why}`),
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
    const { guard, wire, heard, onlost } = await guarded();
    await guard.send(request(1));
    wire.onclose!();
    const why = { code: "CONNECTION_LOST", message: "the server closed the connection" };
    expect(heard).toMatchObject([{ id: 1, error: { data: { outcome: "unknown", failure: why } } }]);
    expect(onlost).toHaveBeenCalledExactlyOnceWith(why);
    expect(guard.down).toEqual(why);
  });

  it("takes nothing any more", async () => {
    const { guard, wire, sent } = await guarded({ failure });
    wire.onclose!();
    await expect(guard.send(request(1))).rejects.toMatchObject({ outcome: "not-sent", failure });
    expect(sent).toEqual([]);
    expect(guard.sent).toBe(0);
  });
});

describe("a wire that is ended by us", () => {
  it("is closed once, and its loss is no loss", async () => {
    const { guard, wire, onlost, heard } = await guarded();
    await guard.send(request(1));
    const closes = [guard.close(), guard.close()];
    expect(closes[0]).toBe(closes[1]);
    await closes[0];
    wire.onclose?.();
    expect(wire.close).toHaveBeenCalledTimes(1);
    expect(onlost).not.toHaveBeenCalled();
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
    const guard = new Guard(wire, 1, { onlost: vi.fn() });
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
    const removed = vi.spyOn(stop.signal, "removeEventListener");
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(removed).toHaveBeenCalledWith("abort", expect.any(Function));
    const other = new AbortController();
    const left = vi.spyOn(other.signal, "removeEventListener");
    const second = guard.whenDown(other.signal);
    guard.lose(failure);
    await second;
    expect(left).toHaveBeenCalledWith("abort", expect.any(Function));
  });
});

describe("a request that the wire does not take", () => {
  const refusing = (error: unknown, part: object = {}) =>
    guarded({ send: vi.fn(() => Promise.reject(error)), ...part });

  it.each([
    ["not-sent", 0],
    ["rejected", 0],
    ["unknown", 1],
  ] as const)("is %s as the wire says, and counts as %i written", async (outcome, written) => {
    const error = new Error("EPIPE");
    const outcomeOf = vi.fn(() => outcome);
    const { guard } = await refusing(error, { outcomeOf });
    const { tag, options } = tagged();
    await expect(guard.send(request(1), options)).rejects.toMatchObject({
      outcome,
      failure: { code: "CONNECTION_LOST", message: "EPIPE", error },
    });
    expect(outcomeOf).toHaveBeenCalledExactlyOnceWith(error);
    expect(tag.written).toBe(written);
    expect(guard.inFlight).toBe(0);
    await expect(guard.send(request(2))).rejects.toMatchObject({ outcome });
  });

  it("is unknown where the wire cannot say", async () => {
    const { guard } = await refusing(new Error("odd"));
    await expect(guard.send(request(1))).rejects.toMatchObject({ outcome: "unknown" });
  });

  it("is the server's own answer where the wire says so, and was written", async () => {
    const error = new Error("HTTP 500");
    const { guard } = await refusing(error, { outcomeOf: () => undefined });
    const { tag, options } = tagged();
    await expect(guard.send(request(1), options)).rejects.toBe(error);
    expect(tag.written).toBe(1);
    expect(guard.inFlight).toBe(0);
  });

  it("keeps the loss that the wire made of it, and the wire stays", async () => {
    const lost = new Lost("not-sent", failure, "soon");
    const { guard, onlost } = await refusing(lost, { outcomeOf: () => "not-sent" });
    await expect(guard.send(request(1))).rejects.toBe(lost);
    expect(onlost).not.toHaveBeenCalled();
    expect(guard.down).toBeUndefined();
  });

  it("may take the wire with it: it is refused, and what else is in flight is lost", async () => {
    const lost = new Lost("rejected", failure, "now");
    const { guard, wire, heard, onlost } = await guarded({ outcomeOf: () => "rejected" });
    await guard.send(request(1));
    wire.send.mockRejectedValueOnce(lost);
    await expect(guard.send(request(2))).rejects.toBe(lost);
    expect(heard).toMatchObject([
      { id: 2, error: { data: lost } },
      { id: 1, error: { data: { outcome: "unknown" } } },
    ]);
    expect(onlost).toHaveBeenCalledExactlyOnceWith(failure);
  });

  it("after it was answered changes nothing any more", async () => {
    const error = new Error("late");
    const { guard, wire, say, onlost } = await guarded({ outcomeOf: () => "not-sent" });
    wire.send.mockImplementationOnce(async () => {
      say({ id: 1, result: {} });
      throw error;
    });
    const { tag, options } = tagged();
    await expect(guard.send(request(1), options)).rejects.toBe(error);
    expect(tag.written).toBe(1);
    expect(onlost).not.toHaveBeenCalled();
  });

  it("because it cannot be written at all is not in flight", async () => {
    const error = new TypeError("circular");
    const { guard } = await guarded({
      send: () => {
        throw error;
      },
    });
    await expect(guard.send(request(1))).rejects.toBe(error);
    expect(guard.inFlight).toBe(0);
  });
});

describe("on a wire with a stream per request", () => {
  const streaming = (ondoubt = vi.fn()) => guarded({ hasPerRequestStream: true, ondoubt } as never);

  it("a stream that ends without an answer is a lost request, and a doubt", async () => {
    const ondoubt = vi.fn();
    const { guard, sent, heard } = await streaming(ondoubt);
    const onRequestStreamEnd = vi.fn();
    await guard.send(request(1), { onRequestStreamEnd, resumptionToken: "kept" });
    expect(sent[0]!.options!.resumptionToken).toBe("kept");
    sent[0]!.options!.onRequestStreamEnd!();
    expect(onRequestStreamEnd).toHaveBeenCalledTimes(1);
    const message = "the answer's stream ended without an answer";
    expect(heard).toMatchObject([
      {
        id: 1,
        error: { message, data: { outcome: "unknown", failure: { code: "CONNECTION_LOST", message } } },
      },
    ]);
    expect(ondoubt).toHaveBeenCalledTimes(1);
    expect(guard.inFlight).toBe(0);
  });

  it("a stream that ends after its answer is nothing", async () => {
    const ondoubt = vi.fn();
    const { guard, sent, heard, say } = await streaming(ondoubt);
    await guard.send(request(1));
    say({ id: 1, result: {} });
    sent[0]!.options!.onRequestStreamEnd!();
    expect(heard).toHaveLength(1);
    expect(ondoubt).not.toHaveBeenCalled();
    const deaf = await guarded({ hasPerRequestStream: true });
    await deaf.guard.send(request(1), {});
    deaf.sent[0]!.options!.onRequestStreamEnd!();
    expect(deaf.heard).toHaveLength(1);
  });

  it("the Client's abort closes the stream, and the answer is dropped", async () => {
    const { guard, sent, say } = await streaming();
    const client = new AbortController();
    await guard.send(request(1), { requestSignal: client.signal });
    const { requestSignal } = sent[0]!.options!;
    expect(requestSignal).not.toBe(client.signal);
    expect(requestSignal!.aborted).toBe(false);
    client.abort();
    expect(requestSignal!.aborted).toBe(true);
    expect(guard.inFlight).toBe(0);
    say({ id: 1, result: {} });
    expect(guard.strays).toBe(1);
  });

  it("the Client's abort after the answer does not touch the stream", async () => {
    const { guard, sent, say } = await streaming();
    const client = new AbortController();
    await guard.send(request(1), { requestSignal: client.signal });
    say({ id: 1, result: {} });
    client.abort();
    expect(sent[0]!.options!.requestSignal!.aborted).toBe(false);
  });

  it("an ended session closes its streams; where those say it, the server is told nothing more", async () => {
    for (const modern of [true, false]) {
      const { guard, sent } = await streaming();
      const { tag, options } = tagged();
      const signal = modern ? { requestSignal: new AbortController().signal } : {};
      await guard.send(request(1), { ...(options as object), ...signal });
      expect(guard.withdraw(tag.session, failure)).toEqual(modern ? [] : [1]);
      expect(sent[0]!.options!.requestSignal!.aborted).toBe(true);
    }
  });
});
