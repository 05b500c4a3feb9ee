import { describe, expect, it, vi } from "vitest";
import { CALL, type CallTag } from "../../src/wires/call-tag.js";
import { Guard } from "../../src/wires/guard.js";
import { guarded, request, wireWith } from "../support/hand-made-wire.js";

const answer = (id: unknown, result: object = {}) => ({ id, result });
const call = (part: Partial<CallTag> = {}) => {
  const tag = { written: 0, session: {}, ended: new AbortController().signal, ...part } as CallTag;
  return { tag, options: { headers: { [CALL]: tag } } as never };
};

const askers = (guard: Guard) => new Set(guard.working()?.map(({ session }) => session));

describe("a request of a session", () => {
  it("is counted as written, and is what the session has on the wire", async () => {
    const { guard, say } = await guarded();
    const { tag, options } = call();
    expect(askers(guard)).toEqual(new Set());
    await guard.send(request(1), options);
    await guard.send(request(2));
    expect(tag.written).toBe(1);
    expect(askers(guard)).toEqual(new Set([tag.session]));
    say(answer(1));
    expect(askers(guard)).toEqual(new Set());
  });

  it("that was cancelled or lost may be worked at until the server answers it, also with its id as a text", async () => {
    const { guard, say } = await guarded();
    const [cancelled, ended] = [call(), call()];
    await guard.send(request(1), cancelled.options);
    await guard.send(request(2), ended.options);
    await guard.send(request(3));
    await guard.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
    await guard.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 3 } });
    guard.withdraw(ended.tag.session, { code: "CONNECTION_LOST", message: "the session ended" });
    expect(guard.inFlight).toBe(0);
    expect(askers(guard)).toEqual(new Set([cancelled.tag.session, ended.tag.session]));
    say(answer(1));
    expect(askers(guard)).toEqual(new Set([ended.tag.session]));
    say({ jsonrpc: "2.0", id: "2", result: {} });
    expect(askers(guard)).toEqual(new Set());
  });

  it("of which too many were given up are not kept: whom the server works for is not known then", async () => {
    const { guard } = await guarded();
    for (let id = 0; id <= 1_000; id++) {
      await guard.send(request(id), call().options);
      await guard.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
    }
    expect(guard.working()).toBeUndefined();
  });

  it("is not sent once the session ended", async () => {
    const { guard, sent } = await guarded();
    const { tag, options } = call({ ended: AbortSignal.abort() });
    await expect(guard.send(request(1), options)).rejects.toMatchObject({
      outcome: "not-sent",
      failure: { code: "CONNECTION_LOST", message: "the session ended", asked: true },
    });
    expect(sent).toEqual([]);
    expect(tag.written).toBe(0);
    expect(guard.inFlight).toBe(0);
  });

  it("is taken back with it, and the server is still to be told which", async () => {
    const { guard, heard } = await guarded();
    const [mine, other] = [call(), call()];
    await guard.send(request(1), mine.options);
    await guard.send(request(2), other.options);
    await guard.send(request(3), mine.options);
    await guard.send(request(4));
    const failure = { code: "SESSION_CLOSED", message: "over" };
    expect(guard.withdraw(mine.tag.session, failure)).toEqual([1, 3]);
    expect(heard).toMatchObject([
      { id: 1, error: { code: -32000, message: "over", data: { outcome: "unknown", failure } } },
      { id: 3 },
    ]);
    expect(guard.inFlight).toBe(2);
  });

  it("that is cancelled is forgotten, and the server is told", async () => {
    const { guard, sent, say, onStray } = await guarded();
    await guard.send(request(1));
    const cancel = (method: string) =>
      guard.send({ jsonrpc: "2.0", method, params: { requestId: 1 } } as never);
    await cancel("notifications/progress");
    expect(guard.inFlight).toBe(1);
    await cancel("notifications/cancelled");
    expect(guard.inFlight).toBe(0);
    expect(sent).toHaveLength(3);
    say(answer(1));
    expect(onStray).toHaveBeenCalledOnce();
    await guard.send({ jsonrpc: "2.0", method: "notifications/cancelled" });
    expect(sent).toHaveLength(4);
  });

  it("is settled in our own words once", async () => {
    const { guard, heard } = await guarded();
    await guard.send(request(1));
    const lost = new Error("mine") as never;
    expect(guard.settle(1, lost)).toBe(true);
    expect(guard.settle(1, lost)).toBe(false);
    expect(heard).toEqual([{ jsonrpc: "2.0", id: 1, error: { code: -32000, message: "mine", data: lost } }]);
  });
});

describe("a guard is a transport like its wire", () => {
  const over = (part: object) => new Guard(wireWith(part).wire, 1, { onLost: vi.fn() });

  it("with a stream per request, a session, and a choice of versions where the wire has those", async () => {
    expect(over({}).hasPerRequestStream).toBeUndefined();
    expect(over({ hasPerRequestStream: true }).hasPerRequestStream).toBe(true);
    expect(over({ sessionId: "s" }).sessionId).toBe("s");
    expect(over({}).setSupportedProtocolVersions).toBeUndefined();
    const setSupportedProtocolVersions = vi.fn();
    over({ setSupportedProtocolVersions }).setSupportedProtocolVersions!(["1"]);
    expect(setSupportedProtocolVersions).toHaveBeenCalledExactlyOnceWith(["1"]);
    const setProtocolVersion = vi.fn();
    over({ setProtocolVersion }).setProtocolVersion("2");
    expect(setProtocolVersion).toHaveBeenCalledExactlyOnceWith("2");
    over({}).setProtocolVersion("2");
  });

  it("of a process only where the wire is that: the SDK looks whether both are present", () => {
    expect(over({ pid: 7, stderr: null })).toMatchObject({ pid: 7, stderr: null });
    for (const part of [{}, { pid: 7 }, { stderr: 1 }]) {
      expect("pid" in over(part) && over(part).pid !== undefined, JSON.stringify(part)).toBe(false);
      expect(over(part).stderr).toBeUndefined();
    }
  });
});
