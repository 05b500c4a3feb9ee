import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { runCall } from "../../src/session/call.js";
import { tagOf } from "../support/call-tag.js";
import { FakeLink, failing, lostAs, READ, specOf, untilAborted } from "../support/fake-link.js";
import { rejection, settled } from "../support/settling.js";

describe("before a lost call is sent again", () => {
  it("the server's sign of life is waited for, and the end of a wire that is ending", async () => {
    const link = new FakeLink();
    const { guard } = link.ready!;
    await runCall(link, specOf(), failing([lostAs("not-sent")]));
    expect(link.whenVerdict).toHaveBeenCalledTimes(1);
    expect(guard.whenDown).not.toHaveBeenCalled();
    await runCall(link, specOf(), failing([lostAs("not-sent", {}, "soon")]));
    expect(guard.whenDown).toHaveBeenCalledTimes(1);
  });

  it.each(["certain", "down"])("a wait until it is %s ends at the call's deadline", async (what) => {
    const link = new FakeLink();
    if (what === "certain") link.whenVerdict.mockImplementation(untilAborted);
    else vi.mocked(link.ready!.guard.whenDown).mockImplementation(untilAborted);
    const call = rejection(runCall(link, specOf(), failing([lostAs("not-sent", {}, "soon")])));
    await settled();
    link.clock.advance(1_000);
    expect(await call).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });

  it("a busy server is given the time that it asked for", async () => {
    const link = new FakeLink();
    const send = failing([lostAs("rejected", { retryAfterMs: 300 })]);
    const call = runCall(link, specOf(), send);
    await settled();
    expect(link.clock.waits).toEqual([300, 1_000]);
    expect(link.announced).toEqual([]);
    link.clock.advance(299);
    await settled();
    expect(send).toHaveBeenCalledTimes(1);
    link.clock.advance(1);
    expect(await call).toBe("sending 2");
    expect(link.clock.waits).toEqual([]);
  });

  it("a pause for a busy server ends with its caller, and leaves no timer", async () => {
    const link = new FakeLink();
    const stop = new AbortController();
    const spec = specOf({ options: { signal: stop.signal } });
    const call = rejection(runCall(link, spec, failing([lostAs("rejected", { retryAfterMs: 300 })])));
    await settled();
    stop.abort(new Error("enough"));
    expect(await call).toMatchObject({ message: "enough" });
    expect(link.clock.waits).toEqual([]);
  });

  it.each(["caller", "session"])("there is no pause for a %s that is gone already", async (who) => {
    const link = new FakeLink();
    const stop = new AbortController();
    link.whenVerdict.mockImplementation(async () => stop.abort(new Error("enough")));
    const part = who === "caller" ? { options: { signal: stop.signal } } : { ended: stop.signal };
    const call = runCall(link, specOf(part), failing([lostAs("rejected", { retryAfterMs: 300 })]));
    expect(await rejection(call)).toMatchObject({ message: "enough" });
    expect(link.clock.waits).toEqual([]);
  });

  it.each([
    ["there is no time for it", 1_000, {}],
    ["it may not be sent again", 10, { options: { replay: "never" } as const }],
  ])("a busy server's own answer is given where %s", async (_why, retryAfterMs, part) => {
    const link = new FakeLink();
    const error = new Error("HTTP 503");
    const call = runCall(link, specOf(part), failing([lostAs("rejected", { retryAfterMs, error })]));
    expect(await rejection(call)).toBe(error);
    expect(link.announced).toEqual([]);
  });

  it("a server that is lost with it is not waited for: the connection does that", async () => {
    const link = new FakeLink();
    const lost = lostAs("not-sent", { retryAfterMs: 5_000 }, "now");
    expect(await runCall(link, specOf(), failing([lost]))).toBe("sending 2");
  });
});

describe("a lost call is told, and not sent again,", () => {
  it("where the user asked for the end of the connection", async () => {
    const send = failing([lostAs("not-sent", { asked: true })]);
    expect(await rejection(runCall(new FakeLink(), specOf(), send))).toMatchObject({ outcome: "not-sent" });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("where the connection is closed, with the reason of that", async () => {
    const link = new FakeLink();
    link.closedError = new HoldfastError("TRANSPORT_CLOSED", "it gave up", {});
    expect(await rejection(runCall(link, specOf(), failing([lostAs("not-sent")])))).toMatchObject({
      code: "CONNECTION_LOST",
      cause: link.closedError,
    });
  });

  it.each([
    ["was written and lost with its connection", {}, 1, "CONNECTION_LOST"],
    ["was not written", {}, 0, undefined],
    ["was lost on purpose", { asked: true }, 1, undefined],
  ])("as its session ended too: it %s", async (_what, more, written, code) => {
    const end = new AbortController();
    const link = new FakeLink();
    const spec = specOf({ ...READ, ended: end.signal });
    const call = runCall(link, spec, async (_client, options) => {
      tagOf(options).written = written;
      end.abort(new Error("over"));
      throw lostAs("unknown", more);
    });
    const error = await rejection(call);
    if (code) expect(error).toMatchObject({ code, outcome: "unknown" });
    else expect(error).toMatchObject({ message: "over" });
    expect(link.whenVerdict).not.toHaveBeenCalled();
  });
});
