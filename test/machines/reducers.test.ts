import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/machines/failure.js";
import {
  acquire,
  beginAttempt,
  type ConnectionContext,
  closeForGood,
  demand,
  failed,
  initialContext,
  judge,
  lastDemand,
  lastLease,
  leave,
  letGo,
  letGoAgain,
  lostUnneeded,
  needed,
  opened,
  pin,
  release,
  releaseLeaving,
  reopen,
  stable,
  undemand,
  unpin,
} from "../../src/machines/reducers.js";
import { POLICY } from "./policy.js";

const NOW = 50_000;
const refused: Failure = { code: "CONNECT_FAILED", message: "refused" };

const nothing = async () => {};
const NONE = { open: nothing, probe: nothing, authorize: nothing, dispose: nothing };

const at = (facts: Partial<ConnectionContext> = {}): ConnectionContext => ({
  ...initialContext({ epoch: 4, policy: POLICY, now: () => NOW, random: () => 0.5, effects: NONE }),
  ...facts,
});
const [held, pinned, demanded] = [{ leases: 1 }, { pinned: true }, { demanded: true }];
const LEFT = { leaving: "idle", reopen: false, recovering: false, refusals: 0, nextRetryAt: undefined };
const LET_GO = { ...LEFT, pinned: false, demanded: false };

describe("a connection that was not begun", () => {
  it("is needed by nobody, was never reached, and counts on from the epoch that it was given", () => {
    expect(at()).toMatchObject({
      epoch: 4,
      attempt: 0,
      leases: 0,
      pinned: false,
      demanded: false,
      reached: false,
      attemptAt: 0,
      rowAt: 0,
      nextRetryAt: undefined,
      lastError: undefined,
      recovering: false,
      leaving: "idle",
      reopen: false,
    });
  });
});

describe("who needs the connection", () => {
  it.each([
    // facts, needed, only one lease, only one who waits
    [{}, false, false, false],
    [held, true, true, false],
    [pinned, true, false, false],
    [demanded, true, false, true],
    [{ leases: 2 }, true, false, false],
    [{ ...held, ...pinned }, true, false, false],
    [{ ...held, ...demanded }, true, false, false],
    [{ ...pinned, ...demanded }, true, false, false],
    [{ ...held, ...pinned, ...demanded }, true, false, false],
  ])("%o: anybody %s, one session only %s, callers that wait only %s", (facts, any, lease, waits) => {
    const context = at(facts);
    expect([needed(context), lastLease(context), lastDemand(context)]).toEqual([any, lease, waits]);
  });
});

describe("what becomes of the context when", () => {
  it.each<[string, object, object]>([
    ["connect() holds it", pin(), { pinned: true }],
    ["a call waits for it", demand(), { demanded: true }],
    ["a session opens", acquire(at(held)), { leases: 2 }],
    ["a session ends", release(at({ leases: 2 })), { leases: 1 }],
    ["a session ends that was not counted", release(at()), { leases: 0 }],
    ["disconnect lets it go", unpin(), { pinned: false, demanded: false }],
    ["it is left", leave(), LEFT],
    ["it is let go", letGo(), LET_GO],
    ["it is closed for good", closeForGood(), { ...LET_GO, leaving: "asked" }],
    ["it is let go while being left", letGoAgain(at()), LET_GO],
    ["it is let go while failing", letGoAgain(at({ leaving: "failed" })), { ...LET_GO, leaving: "failed" }],
    ["a wire is lost that nobody needs", lostUnneeded(refused), { ...LEFT, lastError: refused }],
    ["it held long enough", stable(), { attempt: 0 }],
    [
      "the server was reached",
      opened(),
      { reached: true, refusals: 0, demanded: false, recovering: false, lastError: undefined },
    ],
  ])("%s", (_when, patch, expected) => expect(patch).toStrictEqual(expected));

  it.each([
    ["idle", true],
    ["asked", false],
    ["failed", false],
    ["gave-up", false],
  ] as const)("somebody asks for it on its way to %s: comes back is %s", (leaving, comesBack) =>
    expect(reopen(at({ leaving }))).toStrictEqual({ reopen: comesBack }),
  );

  it.each([
    // Whether it was to come back, who needs it besides, and whether it still comes back.
    [false, { ...held, ...pinned }, false],
    [true, {}, false],
    [true, held, true],
    [true, pinned, true],
  ])("the last caller that waited gives up: from %s with %o to %s", (was, facts, still) =>
    expect(undemand(at({ reopen: was, demanded: true, ...facts }))).toStrictEqual({
      demanded: false,
      reopen: still,
    }),
  );

  it.each([
    [false, { leases: 2, ...pinned, ...demanded }, false],
    [true, { leases: 1 }, false],
    [true, { leases: 2 }, true],
    [true, { leases: 1, ...pinned }, true],
    [true, { leases: 1, ...demanded }, true],
  ])("a session ends while it is being left: from %s with %o to %s", (was, facts, still) =>
    expect(releaseLeaving(at({ reopen: was, ...facts }))).toStrictEqual({
      leases: facts.leases - 1,
      reopen: still,
    }),
  );
});

describe("an attempt", () => {
  const begun = { epoch: 5, attemptAt: NOW, nextRetryAt: undefined };

  it("that is the first in a row begins the row", () =>
    expect(beginAttempt(at({ rowAt: 7 }))).toStrictEqual({ ...begun, attempt: 1, rowAt: NOW }));

  it("that follows another one stays in its row", () =>
    expect(beginAttempt(at({ attempt: 2, rowAt: 7 }))).toStrictEqual({ ...begun, attempt: 3, rowAt: 7 }));
});

describe("after a failure", () => {
  const eager = { policy: { ...POLICY, initial: true } };
  const brief = { policy: { ...POLICY, maxElapsedMs: 1_000 }, reached: true };

  it.each<[string, Partial<ConnectionContext>, Partial<Failure>, string]>([
    ["a server that was reached is tried again", { reached: true }, {}, "retry"],
    ["one that was never reached is not", {}, {}, "failed"],
    ["one that was never reached is where that is wanted", eager, {}, "retry"],
    ["nothing helps against a fatal one", { reached: true, ...eager }, { fatal: true }, "failed"],
    [
      "a mistake of a server that was reached may pass",
      { reached: true },
      { fatal: true, unlessReached: true },
      "retry",
    ],
    [
      "a mistake of one that was never reached stays one",
      eager,
      { fatal: true, unlessReached: true },
      "failed",
    ],
    ["the last attempt was the last", { reached: true, attempt: 3 }, {}, "gave-up"],
    ["a row that took too long ends", { ...brief, attempt: 1, rowAt: NOW - 1_000 }, {}, "gave-up"],
    ["a row that took less goes on", { ...brief, attempt: 1, rowAt: NOW - 999 }, {}, "retry"],
    [
      "a connection that held has no row that could be too long",
      { ...brief, attempt: 0, rowAt: 1 },
      {},
      "retry",
    ],
  ])("%s", (_what, facts, failure, verdict) =>
    expect(judge(at({ attempt: 1, ...facts }), { ...refused, ...failure })).toBe(verdict),
  );

  it("without a retry all is let go, and the reason stays", () => {
    expect(failed(at(), refused)).toStrictEqual({ ...LET_GO, leaving: "failed", lastError: refused });
    expect(failed(at({ reached: true, attempt: 3 }), refused)).toMatchObject({ leaving: "gave-up" });
  });

  it("with a retry it recovers only what it once had", () => {
    const context = at({ ...eager, attempt: 1, attemptAt: NOW });
    const retry = { refusals: 0, lastError: refused, nextRetryAt: NOW };
    expect(failed(context, refused)).toStrictEqual({ ...retry, recovering: false });
    expect(failed({ ...context, reached: true }, refused)).toStrictEqual({ ...retry, recovering: true });
  });

  it.each<[string, Partial<ConnectionContext>, Partial<Failure>, number]>([
    ["counts from when the attempt began", { attemptAt: NOW - 10 }, {}, NOW + 190],
    ["is never in the past", { attemptAt: NOW - 10_000 }, {}, NOW],
    ["follows the server's word", { attemptAt: NOW - 10 }, { retryAfterMs: 7_000 }, NOW + 7_000],
    ["follows the server's word also when that is: at once", {}, { retryAfterMs: 0 }, NOW],
  ])("the next attempt %s", (_what, facts, failure, nextRetryAt) => {
    const context = at({ reached: true, attempt: 2, attemptAt: NOW, ...facts });
    expect(failed(context, { ...refused, ...failure })).toMatchObject({ nextRetryAt });
  });
});
