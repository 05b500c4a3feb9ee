import { describe, expect, it, vi } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { failure, tagged } from "../support/call-tag.js";
import { guarded, request } from "../support/hand-made-wire.js";

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
    const { guard, onLost } = await refusing(lost, { outcomeOf: () => "not-sent" });
    await expect(guard.send(request(1))).rejects.toBe(lost);
    expect(onLost).not.toHaveBeenCalled();
    expect(guard.down).toBeUndefined();
  });

  it("may take the wire with it: it is refused, and what else is in flight is lost", async () => {
    const lost = new Lost("rejected", failure, "now");
    const { guard, wire, heard, onLost } = await guarded({ outcomeOf: () => "rejected" });
    await guard.send(request(1));
    wire.send.mockRejectedValueOnce(lost);
    await expect(guard.send(request(2))).rejects.toBe(lost);
    expect(heard).toMatchObject([
      { id: 2, error: { data: lost } },
      { id: 1, error: { data: { outcome: "unknown" } } },
    ]);
    expect(onLost).toHaveBeenCalledExactlyOnceWith(failure);
  });

  it("after it was answered changes nothing any more", async () => {
    const error = new Error("late");
    const { guard, wire, say, onLost } = await guarded({ outcomeOf: () => "not-sent" });
    wire.send.mockImplementationOnce(async () => {
      say({ id: 1, result: {} });
      throw error;
    });
    const { tag, options } = tagged();
    await expect(guard.send(request(1), options)).rejects.toBe(error);
    expect(tag.written).toBe(1);
    expect(onLost).not.toHaveBeenCalled();
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
  const streaming = (onDoubt = vi.fn()) => guarded({ hasPerRequestStream: true, onDoubt } as never);

  it("a stream that ends without an answer is a lost request, and a doubt", async () => {
    const onDoubt = vi.fn();
    const { guard, sent, heard } = await streaming(onDoubt);
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
    expect(onDoubt).toHaveBeenCalledTimes(1);
    expect(guard.inFlight).toBe(0);
  });

  it("a stream that ends after its answer is nothing", async () => {
    const onDoubt = vi.fn();
    const { guard, sent, heard, say } = await streaming(onDoubt);
    await guard.send(request(1));
    say({ id: 1, result: {} });
    sent[0]!.options!.onRequestStreamEnd!();
    expect(heard).toHaveLength(1);
    expect(onDoubt).not.toHaveBeenCalled();
    const deaf = await guarded({ hasPerRequestStream: true });
    await deaf.guard.send(request(1), {});
    deaf.sent[0]!.options!.onRequestStreamEnd!();
    expect(deaf.heard).toHaveLength(1);
  });

  it("the Client's abort closes the stream, and the answer is dropped", async () => {
    const { guard, sent, say, onStray } = await streaming();
    const client = new AbortController();
    await guard.send(request(1), { requestSignal: client.signal });
    const { requestSignal } = sent[0]!.options!;
    expect(requestSignal).not.toBe(client.signal);
    expect(requestSignal!.aborted).toBe(false);
    client.abort();
    expect(requestSignal!.aborted).toBe(true);
    expect(guard.inFlight).toBe(0);
    say({ id: 1, result: {} });
    expect(onStray).toHaveBeenCalledOnce();
  });

  it("a request that is cancelled before it is sent is forgotten", async () => {
    const { guard } = await streaming();
    await guard.send(request(1), { requestSignal: AbortSignal.abort() });
    expect(guard.inFlight).toBe(0);
  });

  it("a wire that cannot cancel is told of, and holds up nobody who cancels", async () => {
    const failed = new Error("cancel failed");
    const cancel = () => {
      throw failed;
    };
    const { guard } = await guarded({ hasPerRequestStream: true, cancel } as never);
    await guard.send(request(1));
    guard.streamCancelled(1);
    expect(guard.onerror).toHaveBeenCalledExactlyOnceWith(failed);
    expect(guard.inFlight).toBe(0);
  });

  it("a wire may show what it is sent with", async () => {
    const { guard, sent } = await streaming();
    await guard.send(request(1), { headers: { a: "b" } });
    expect(JSON.parse(JSON.stringify(sent[0]!.options))).toEqual({ headers: { a: "b" }, requestSignal: {} });
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
