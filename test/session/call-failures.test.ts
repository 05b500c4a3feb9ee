import { type RequestOptions, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { runCall } from "../../src/session/call.js";
import { tagOf } from "../support/call-tag.js";
import { FakeLink, lostAs, specOf, untilAborted } from "../support/fake-link.js";
import { rejection } from "../support/settling.js";

describe("a call that the server answered with an error", () => {
  const failing = (error: unknown, options?: RequestOptions, link = new FakeLink()) =>
    rejection(runCall(link, specOf({ options }), () => Promise.reject(error)));

  it("rejects with that error, and with one of ours that came inside it", async () => {
    const theirs = Object.assign(new Error("theirs"), { data: { why: 1 } });
    expect(await failing(theirs)).toBe(theirs);
    expect(await failing(undefined)).toBeUndefined();
    const ours = new HoldfastError("MESSAGE_TOO_LARGE", "too large", { maxMessageBytes: 1 });
    expect(await failing(Object.assign(new Error("wrapped"), { data: ours }))).toBe(ours);
    const sdk = new SdkError(SdkErrorCode.RequestTimeout, "slow");
    expect(await failing(Object.assign(new Error("wrapped"), { data: sdk }))).toBe(sdk);
  });

  it("rejects with its caller's reason where that is why it failed", async () => {
    const stop = new AbortController();
    const call = runCall(new FakeLink(), specOf({ options: { signal: stop.signal } }), async () => {
      stop.abort(new Error("changed my mind"));
      throw new Error("aborted");
    });
    expect(await rejection(call)).toMatchObject({ message: "changed my mind" });
  });

  it("rejects with the reason of its session where that has ended", async () => {
    const end = new AbortController();
    const call = runCall(new FakeLink(), specOf({ ended: end.signal }), async () => {
      end.abort(new Error("over"));
      throw new Error("aborted");
    });
    expect(await rejection(call)).toMatchObject({ message: "over" });
  });

  it("says that its total ran out, and nothing of a connection that is fine", async () => {
    const link = new FakeLink();
    link.state = {
      state: "connected",
      lastError: { code: "OLD", message: "an old trouble", health: "unreachable" },
    };
    const options = { timeout: 100, maxTotalTimeout: 40 };
    const call = runCall(link, specOf({ options }), (_client, { signal }) => untilAborted(signal!));
    link.clock.advance(40);
    expect(await rejection(call)).toMatchObject({
      code: SdkErrorCode.RequestTimeout,
      message: 'demo: tools/call "it" was not answered within 40 ms',
    });
  });
});

describe("a call that was lost and may have been done", () => {
  it.each([
    ["not-sent", 0, "It was not sent."],
    ["rejected", 0, "The server refused it before doing it."],
    ["unknown", 0, "It may have been done: check before you repeat it."],
    ["not-sent", 1, "It may have been done: check before you repeat it."],
  ] as const)("rejects with what became of it: %s, %i written", async (outcome, written, advice) => {
    const link = new FakeLink();
    const error = new Error("EPIPE");
    const lost = lostAs(outcome, { error, details: { exitCode: 3 } });
    const call = runCall(link, specOf({ options: { replay: "never" } as RequestOptions }), (_client, o) => {
      tagOf(o).written = written;
      return Promise.reject(lost);
    });
    const told = written > 0 ? "unknown" : outcome;
    expect(await rejection(call)).toMatchObject({
      code: "CONNECTION_LOST",
      message: `demo: tools/call "it" was lost: the wire broke. ${advice}`,
      server: "demo",
      outcome: told,
      cause: error,
      exitCode: 3,
    });
    expect(link.announced).toEqual([
      { type: "request.lost", method: "tools/call", outcome: told, code: "CONNECTION_LOST", name: "it" },
    ]);
  });

  it("names no name where it has none", async () => {
    const link = new FakeLink();
    const spec = specOf({ method: "custom/one", name: undefined });
    const error = await rejection(runCall(link, spec, () => Promise.reject(lostAs("unknown"))));
    expect((error as Error).message).toContain("demo: custom/one was lost: the wire broke.");
    expect(link.announced[0]).not.toHaveProperty("name");
  });
});
