import { describe, expect, it, vi } from "vitest";
import { SharedFlows } from "../../../src/auth/credentials/shared-flow.js";
import type { Authorization, AuthorizationStep } from "../../../src/contract/credential.js";
import { rejection, settled } from "../../support/settling.js";

/** Somebody who waits, and may leave. */
function waiter() {
  const leaving = new AbortController();
  const progress = vi.fn<(step: AuthorizationStep) => void>();
  return { signal: leaving.signal, progress, leave: () => leaving.abort("left") };
}

/** A flow in a test's hands. */
function flow() {
  const runs: Authorization[] = [];
  let settle = { done: (_value: string) => {}, fail: (_error: Error) => {} };
  const run = (authorization: Authorization) => {
    runs.push(authorization);
    return new Promise<string>((done, fail) => (settle = { done, fail }));
  };
  return {
    run,
    runs,
    done: (value: string) => settle.done(value),
    fail: (error: Error) => settle.fail(error),
  };
}

describe("a flow with several waiters", () => {
  it("runs once for one key; each waiter hears its steps, and what it comes to", async () => {
    const flows = new SharedFlows<string>();
    const { run, runs, done } = flow();
    const [one, other, late] = [waiter(), waiter(), waiter()];
    const results = [flows.join("key", run, one), flows.join("key", run, other)];
    expect(runs).toEqual([]);
    await settled();
    expect(runs).toHaveLength(1);
    runs[0]!.progress({ step: "discovering" });
    results.push(flows.join("key", run, late));
    runs[0]!.progress({ step: "refreshing" });
    for (const { progress } of [one, other, late])
      expect(progress.mock.calls).toEqual([[{ step: "discovering" }], [{ step: "refreshing" }]]);
    done("token");
    expect(await Promise.all(results)).toEqual(["token", "token", "token"]);
    expect(runs[0]!.signal.aborted).toBe(false);
  });

  it("of another key is another one, and so is the next of the same", async () => {
    const flows = new SharedFlows<string>();
    const [first, second, third] = [flow(), flow(), flow()];
    const one = flows.join("a", first.run, waiter());
    const other = flows.join("b", second.run, waiter());
    await settled();
    expect([first.runs.length, second.runs.length]).toEqual([1, 1]);
    const failure = new Error("no");
    first.fail(failure);
    expect(await rejection(one)).toBe(failure);
    const again = flows.join("a", third.run, waiter());
    await settled();
    expect(third.runs).toHaveLength(1);
    second.done("b");
    third.done("a");
    expect(await Promise.all([other, again])).toEqual(["b", "a"]);
  });

  it("goes on while somebody waits, and ends with the last who leaves", async () => {
    const flows = new SharedFlows<string>();
    const { run, runs } = flow();
    const [one, other] = [waiter(), waiter()];
    const results = [one, other].map((each) => rejection(flows.join("key", run, each)));
    await settled();
    one.leave();
    expect(await results[0]).toBe("left");
    await settled();
    expect(runs[0]!.signal.aborted).toBe(false);
    runs[0]!.progress({ step: "waiting" });
    expect(one.progress).not.toHaveBeenCalled();
    expect(other.progress).toHaveBeenCalledTimes(1);
    other.leave();
    expect(await results[1]).toBe("left");
    await settled();
    expect(runs[0]!.signal.reason).toMatchObject({ message: "nobody waits for this sign-in any more" });
    // Whoever comes then begins anew.
    const { run: next, runs: nextRuns, done } = flow();
    const result = flows.join("key", next, waiter());
    await settled();
    expect(nextRuns).toHaveLength(1);
    done("new");
    expect(await result).toBe("new");
  });

  it("outlives a waiter that is followed by another in the same tick", async () => {
    const flows = new SharedFlows<string>();
    const { run, runs, done } = flow();
    const leaving = waiter();
    const left = rejection(flows.join("key", run, leaving));
    await settled();
    leaving.leave();
    const result = flows.join("key", run, waiter());
    await settled();
    expect(runs).toHaveLength(1);
    expect(runs[0]!.signal.aborted).toBe(false);
    done("token");
    expect([await left, await result]).toEqual(["left", "token"]);
  });
});
