import { type RequestOptions, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { runCall } from "../../src/session/call.js";
import { tagOf } from "../support/call-tag.js";
import {
  clientOf,
  FakeLink,
  failing,
  lostAs,
  READ,
  readyWith,
  specOf,
  untilAborted,
} from "../support/fake-link.js";
import { rejection, settled } from "../support/settling.js";

describe("a call on a connection that is ready", () => {
  it("is sent at once, with its deadline, its headers and what the wire is to know of it", async () => {
    const link = new FakeLink();
    const session = {};
    const signal = new AbortController().signal;
    const options = { timeout: 70, headers: { a: "1" }, replay: "never" as const, signal };
    const send = vi.fn(async (_client: unknown, _options: RequestOptions) => "done");
    const spec = specOf({ session, options });
    expect(await runCall(link, spec, send)).toBe("done");
    const [client, sent] = send.mock.calls[0]!;
    expect(client).toBe(link.ready!.client);
    expect(sent).toMatchObject({ timeout: 70, headers: { a: "1" }, signal });
    expect(tagOf(sent)).toMatchObject({ written: 0, session, ended: spec.ended, replay: "never", signal });
    expect(tagOf(sent).deadline).toMatchObject({ timeoutMs: 70, named: true });
    expect(link.whenReady).not.toHaveBeenCalled();
    expect(link.clock.waits).toEqual([]);
  });

  it("has the session's timeout where it names none", async () => {
    const sent = await runCall(new FakeLink(), specOf(), async (_client, options) => options);
    expect(sent.timeout).toBe(1_000);
  });

  it("is not sent for a session that has ended, or a caller that gave up", async () => {
    const send = vi.fn();
    const reason = new Error("over");
    const aborted = AbortSignal.abort(reason);
    expect(await rejection(runCall(new FakeLink(), specOf({ ended: aborted }), send))).toBe(reason);
    expect(await rejection(runCall(new FakeLink(), specOf({ options: { signal: aborted } }), send))).toBe(
      reason,
    );
    expect(send).not.toHaveBeenCalled();
  });

  it("is sent each time only once it is let, within its deadline", async () => {
    const link = new FakeLink();
    const admit = vi.fn(async (_signal: AbortSignal) => link.clock.advance(300));
    const spec = specOf({ ...READ, options: { admit } });
    const send = failing([lostAs("unknown"), undefined]);
    await runCall(link, spec, send);
    expect(admit).toHaveBeenCalledTimes(2);
    expect(send.mock.calls.map(([, options]) => options)).toMatchObject([{ timeout: 700 }, { timeout: 400 }]);
    expect(link.clock.waits).toEqual([]);
  });

  it("rejects with why it is not let, and may have been done where it was sent before", async () => {
    const link = new FakeLink();
    const drifted = new Error("drifted");
    const send = vi.fn();
    const admit = async () => Promise.reject(drifted);
    expect(await rejection(runCall(link, specOf({ options: { admit } }), send))).toBe(drifted);
    expect(send).not.toHaveBeenCalled();
    let asked = 0;
    const second = async () => (asked++ === 0 ? undefined : Promise.reject(drifted));
    const lost = failing([lostAs("unknown")]);
    const call = runCall(new FakeLink(), specOf({ ...READ, options: { admit: second } }), lost);
    expect(await rejection(call)).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  });

  it("is not sent for a session that ended while it was held back", async () => {
    const end = new AbortController();
    const send = vi.fn();
    const over = new Error("over");
    const admit = async () => end.abort(over);
    const call = runCall(new FakeLink(), specOf({ ended: end.signal, options: { admit } }), send);
    expect(await rejection(call)).toBe(over);
    expect(send).not.toHaveBeenCalled();
  });

  it("leaves no timer behind", async () => {
    const link = new FakeLink();
    await runCall(link, specOf({ options: { maxTotalTimeout: 50 } }), async () => 1);
    expect(link.clock.waits).toEqual([]);
  });
});

describe("a call on a connection that is not ready", () => {
  const waiting = () => {
    const link = new FakeLink(null);
    link.whenReady.mockImplementation(untilAborted);
    return link;
  };

  it("waits for it, and is sent with what is left of its time", async () => {
    const link = waiting();
    link.whenReady.mockImplementation(async () => {
      link.clock.advance(300);
      return readyWith(clientOf({ second: true }));
    });
    const sent = await runCall(link, specOf(), async (client, { timeout }) => ({ client, timeout }));
    expect(sent).toEqual({ client: { second: true }, timeout: 700 });
    expect(link.clock.waits).toEqual([]);
  });

  it("is given a moment at least where its time just ran out", async () => {
    const link = waiting();
    link.whenReady.mockImplementation(async () => {
      link.clock.advance(5_000);
      return readyWith(clientOf());
    });
    expect(await runCall(link, specOf(), async (_client, { timeout }) => timeout)).toBe(1);
  });

  it.each([
    [{ state: "connecting", detail: "waiting", attempt: 3 }, "waiting, attempt 3"],
    [{ state: "idle", attempt: 0 }, "idle, attempt 0"],
    [
      { state: "connecting", attempt: 2, lastError: { code: "X", message: "no route" } },
      "connecting, attempt 2: no route",
    ],
  ] as const)("times out with what it was waiting for: %j", async (state, where) => {
    const link = waiting();
    link.state = state as never;
    const call = rejection(runCall(link, specOf(), vi.fn()));
    await settled();
    expect(link.clock.waits).toEqual([1_000]);
    link.clock.advance(1_000);
    const error = (await call) as SdkError;
    expect(error).toBeInstanceOf(SdkError);
    expect(error).toMatchObject({
      code: SdkErrorCode.RequestTimeout,
      message: `demo: tools/call "it" was not answered within 1000 ms while it was ${where}`,
      data: { timeout: 1_000 },
    });
  });

  it("ends with its caller's signal or with its session, whichever comes", async () => {
    for (const which of ["caller", "session"]) {
      const link = waiting();
      const stop = new AbortController();
      const part = which === "caller" ? { options: { signal: stop.signal } } : { ended: stop.signal };
      const call = rejection(runCall(link, specOf(part), vi.fn()));
      await settled();
      const reason = new Error(which);
      stop.abort(reason);
      expect(await call).toBe(reason);
      expect(link.clock.waits).toEqual([]);
    }
  });

  it("is not sent where its session ended just as the connection came", async () => {
    const link = waiting();
    const end = new AbortController();
    link.whenReady.mockImplementation(async () => {
      end.abort(new Error("over"));
      return readyWith(clientOf());
    });
    const send = vi.fn();
    expect(await rejection(runCall(link, specOf({ ended: end.signal }), send))).toMatchObject({
      message: "over",
    });
    expect(send).not.toHaveBeenCalled();
  });

  it("leaves no listener on the signals that it waited with", async () => {
    const link = waiting();
    link.whenReady.mockImplementation(async () => readyWith(clientOf()));
    const [caller, session] = [new AbortController().signal, new AbortController().signal];
    const counts = [caller, session].map((signal) => {
      const added = vi.spyOn(signal, "addEventListener");
      const removed = vi.spyOn(signal, "removeEventListener");
      return () => [added.mock.calls, removed.mock.calls];
    });
    await runCall(link, specOf({ options: { signal: caller }, ended: session }), async () => 1);
    for (const count of counts) {
      const [added = [], removed = []] = count();
      expect(added).toHaveLength(1);
      expect(removed.map(([type, listener]) => [type, listener])).toEqual(
        added.map(([type, listener]) => [type, listener]),
      );
    }
  });
});
