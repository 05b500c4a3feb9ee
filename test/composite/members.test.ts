import { describe, expect, it, onTestFinished } from "vitest";
import { whyNot } from "../../src/composite/member-session.js";
import { Members, type MembersHost } from "../../src/composite/members.js";
import type { ConnectionStatus } from "../../src/contract/status.js";
import type { MemberPhase } from "../../src/machines/member.js";
import { FakeHandle } from "../support/fake-handle.js";
import { ManualClock } from "../support/manual-clock.js";
import { isPending, quiet, rejection } from "../support/settling.js";

const NEVER = new AbortController().signal;
const waits = { authorizing: { step: "waiting" } };

/** The members of servers with these names, and all that was heard of them. */
async function membersOf(
  names: string[],
  options: Partial<MembersHost> = {},
  prepare = (_: FakeHandle) => {},
) {
  const clock = new ManualClock();
  const handles = new Map(names.map((name) => [name, new FakeHandle(name)]));
  for (const handle of handles.values()) prepare(handle);
  const heard: string[] = [];
  let phases: Readonly<Record<string, MemberPhase>> = {};
  const health: Readonly<Record<string, MemberPhase>>[] = [];
  const members = new Members({
    clock,
    name: "all",
    maxStarts: 8,
    startTimeoutMs: 100,
    closeTimeoutMs: 50,
    strict: false,
    clientInfo: { name: "client", version: "1" },
    capabilities: { sampling: {}, extensions: { e: {} }, experimental: { x: {} }, elicitation: {} },
    gateway: () => ({ level: undefined }) as never,
    configured: () => [...handles.values()].map((handle) => handle.configured()),
    onChange: () => heard.push("changed"),
    onGone: (name) => heard.push(`${name} is gone`),
    onHealth: (now) => {
      health.push(now);
      phases = now;
    },
    ...options,
  });
  onTestFinished(async () => {
    if (members.health !== "closed") await members.close();
  });
  await quiet();
  return {
    members,
    clock,
    handles,
    heard,
    phases: () => phases,
    health,
    at: (name: string) => handles.get(name)!,
  };
}

const opens = (handle: FakeHandle) => {
  handle.opens = true;
};
const message = async (work: Promise<unknown>) => ((await rejection(work)) as Error).message;

describe("why a server is not reached", () => {
  it.each([
    [waits, "waits for a person to sign in"],
    [{ authorizing: { step: "refreshing" } }, "it did not answer in time"],
    [{}, "it did not answer in time"],
    [{ lastError: { message: "one: refused\nby the system" } }, "refused"],
    [{ lastError: { message: "two: refused" } }, "two: refused"],
  ])("%j: %s", (status, why) => {
    expect(whyNot("one", status as ConnectionStatus)).toBe(why);
  });
});

describe("the members of a composite", () => {
  it("are there in the order of the config, with what it says of them", async () => {
    const pin = {} as never;
    const rules = { tools: {}, includeTags: ["i"], excludeTags: ["e"], timeoutMs: 7, may: () => false };
    const handles = ["b", "a"].map((name) => new FakeHandle(name));
    const { members, heard } = await membersOf([], {
      configured: () => handles.map((handle) => handle.configured({ ...rules, pin: () => pin })),
    });
    expect(members.members().map(({ name }) => name)).toEqual(["b", "a"]);
    expect(members.member("a")).toMatchObject({ name: "a", ...rules, session: undefined });
    expect(members.member("a")?.pin?.()).toBe(pin);
    expect(members.member("a")?.status()).toBe(handles[1]!.status);
    expect(members.member("c")).toBeUndefined();
    expect(members.health).toBe("starting");
    const session = handles[1]!.last.open();
    await quiet();
    expect(members.member("a")?.session).toBe(session);
    expect(await members.member("a")!.opened(NEVER)).toBe(session);
    expect(heard).toEqual(["changed"]);
  });

  it("are asked for with what the client is, and what it can be asked", async () => {
    const { at } = await membersOf(["a"]);
    expect(at("a").last.options).toMatchObject({
      clientInfo: { name: "client", version: "1" },
      capabilities: { sampling: {}, elicitation: {}, extensions: { e: {} }, experimental: { x: {} } },
      timeoutMs: 0,
    });
    const plain = await membersOf(["a"], { capabilities: { roots: {} } });
    expect(plain.at("a").last.options.capabilities).toStrictEqual({ roots: {} });
  });

  it("have started when all were reached", async () => {
    const { members, at, phases } = await membersOf(["a", "b"]);
    const started = members.started(NEVER);
    at("a").last.open();
    expect(await isPending(started)).toBe(true);
    at("b").last.open();
    await started;
    expect([members.health, phases()]).toEqual(["ready", { a: "up", b: "up" }]);
    await members.started(NEVER);
  });

  it("start a few at a time", async () => {
    const { at } = await membersOf(["a", "b", "c"], { maxStarts: 2 });
    expect([at("b").asked.length, at("c").asked.length]).toEqual([1, 0]);
    at("a").last.open();
    await quiet();
    expect(at("c").asked).toHaveLength(1);
  });

  it("have started with those that are there after a time, and leave no timer", async () => {
    const { members, at, clock } = await membersOf(["a", "b"]);
    const started = members.started(NEVER);
    at("a").last.open();
    await quiet();
    clock.advance(99);
    expect(await isPending(started)).toBe(true);
    clock.advance(1);
    await started;
    expect(members.health).toBe("degraded");
    expect(clock.waits).toEqual([]);
    // It joins when it comes.
    at("b").last.open();
    await quiet();
    expect(members.health).toBe("ready");
  });

  it("fail together when none is reached, and each says why", async () => {
    const { members, at, heard } = await membersOf(["a", "b", "c"]);
    const failed = message(members.started(NEVER));
    for (const [name, why] of [
      ["a", "a: no such command\nat all"],
      ["b", "refused"],
    ] as const) {
      at(name).status = { ...at(name).status, lastError: { message: why } } as ConnectionStatus;
      at(name).last.refuse(new Error(why));
    }
    at("c").last.refuse(new Error("x"));
    expect(await failed).toBe(
      "3 of 3 servers could not be reached:\n  a: no such command\n  b: refused\n  c: it did not answer in time",
    );
    expect(await rejection(members.started(NEVER))).toMatchObject({
      outcome: "not-sent",
      failure: { code: "CONNECT_FAILED" },
    });
    expect(members.health).toBe("down");
    expect(heard).toEqual(["a is gone", "changed", "b is gone", "changed", "c is gone", "changed"]);
    expect(await rejection(members.member("b")!.opened(NEVER))).toMatchObject({ message: "refused" });
  });

  it("fail together when one does, where that is asked for", async () => {
    for (const strict of [true, false]) {
      const { members, at } = await membersOf(["a", "b"], { strict });
      const started = members.started(NEVER);
      at("a").last.refuse(new Error("no"));
      await quiet();
      at("b").last.open();
      if (strict) expect(await message(started)).toContain("1 of 2 servers could not be reached:\n  a: ");
      else await started;
      expect(members.health).toBe("degraded");
    }
    const late = await membersOf(["a", "b"], { strict: true });
    const failed = message(late.members.started(NEVER));
    late.at("a").last.open();
    await quiet();
    late.clock.advance(100);
    expect(await failed).toContain("1 of 2 servers could not be reached:\n  b: it did not answer in time");
  });

  it("have started where all must be there and are, and not while a person may still sign in to one", async () => {
    const all = await membersOf(["a", "b"], { strict: true }, opens);
    await all.members.started(NEVER);
    const { members, at, clock } = await membersOf(["a", "b"], { strict: true });
    const started = members.started(NEVER);
    const failed = message(started);
    at("a").last.open();
    at("b").say({ type: "authorizing" }, waits);
    expect(await isPending(started)).toBe(true);
    clock.advance(100);
    expect(await failed).toContain("1 of 2 servers could not be reached:\n  b: waits for a person");
  });

  it("fail together when none answers in time, and at once when all wait for their next attempt", async () => {
    const silent = await membersOf(["a", "b"]);
    const late = message(silent.members.started(NEVER));
    await quiet();
    silent.clock.advance(100);
    expect(await late).toBe(
      "2 of 2 servers could not be reached:\n  a: it did not answer in time\n  b: it did not answer in time",
    );
    const { members, at } = await membersOf(["a", "b"]);
    const failed = message(members.started(NEVER));
    for (const name of ["a", "b"])
      at(name).moves("connecting.opening", "connecting.waiting", { error: { message: "refused" } });
    expect(await failed).toContain("2 of 2 servers");
  });

  it("are gone when they are removed before their turn", async () => {
    const { members, at, handles, heard } = await membersOf(["a", "b"], { maxStarts: 1 });
    const queued = at("b");
    handles.delete("b");
    members.remove("b");
    await quiet();
    expect([heard, queued.asked]).toEqual([["b is gone", "changed"], []]);
    expect(members.member("a")?.pin?.()).toBeUndefined();
  });

  it("are not waited for any more when the attempt is given up", async () => {
    const { members, clock } = await membersOf(["a"]);
    const abort = new AbortController();
    const failed = message(members.started(abort.signal));
    abort.abort(new Error("given up"));
    expect(await failed).toBe("given up");
    // That of the first attempt itself is left.
    expect(clock.waits).toEqual([100]);
    expect(await message(members.started(abort.signal))).toBe("given up");
  });

  it("are waited for where a person may still sign in, and nobody else is there", async () => {
    const { members, at, clock, heard, phases } = await membersOf(["a", "b"]);
    const started = members.started(NEVER);
    at("a").say({ type: "authorizing" }, waits);
    await quiet();
    expect(phases()).toMatchObject({ a: "down" });
    at("b").last.refuse(new Error("no"));
    expect(await isPending(started)).toBe(true);
    expect(members.health).toBe("down");
    expect(heard).toEqual(["b is gone", "changed"]);
    clock.advance(100);
    // No failure: who signs in later joins later.
    await started;
    at("a").last.open();
    await quiet();
    expect(members.health).toBe("degraded");
    const strict = await membersOf(["a"], { strict: true });
    const late = message(strict.members.started(NEVER));
    strict.at("a").say({ type: "authorizing" }, waits);
    await quiet();
    strict.clock.advance(100);
    expect(await late).toContain("a: waits for a person to sign in");
  });

  it("need no more waiting when the person said no", async () => {
    const { members, at } = await membersOf(["a"]);
    const failed = message(members.started(NEVER));
    at("a").say({ type: "authorizing" }, waits);
    await quiet();
    at("a").last.refuse(new Error("denied"));
    expect(await failed).toContain("1 of 1 servers");
  });

  it("that wait for a person when they are asked for let the others go on", async () => {
    const asks = (handle: FakeHandle) => {
      if (handle.name === "a") handle.status = { ...handle.status, ...waits } as ConnectionStatus;
    };
    const { members, at, phases } = await membersOf(["a", "b"], { maxStarts: 1 }, asks);
    expect(phases()).toMatchObject({ a: "down", b: "starting" });
    at("b").last.open();
    await members.started(NEVER);
    // A sign-in in the middle of a session is nothing new.
    at("b").say({ type: "authorizing" }, waits);
    // Other events of a connection that waits are none either.
    at("a").say({ type: "request" });
    await quiet();
    expect(members.health).toBe("degraded");
    expect(phases()["b"]).toBe("up");
  });

  it("follow their connections: what waits is down, what is reached again is up", async () => {
    const { members, at, phases, heard, health } = await membersOf(["a", "b"], {}, opens);
    await members.started(NEVER);
    heard.length = 0;
    const before = health.length;
    at("a").moves("connected.steady", "connected.suspect");
    expect(health.length).toBeGreaterThan(before);
    expect(health.at(-1)).toEqual({ a: "up", b: "up" });
    at("a").moves("connected.steady", "connecting.opening");
    await quiet();
    expect(phases()["a"]).toBe("up");
    for (const to of ["connecting.waiting", "idle"]) {
      at("a").moves("connecting.opening", to);
      await quiet();
      expect([phases(), members.health]).toEqual([{ a: "down", b: "up" }, "degraded"]);
      expect(heard).toEqual([]);
      for (const [from, other] of [
        ["connected.probing", "connected.steady"],
        ["connecting.opening", "connected.probing"],
      ])
        at("a").moves(from!, other!);
      await quiet();
      expect(phases()["a"]).toBe("down");
      at("a").moves("connecting.opening", "connected.steady");
      await quiet();
      expect([phases()["a"], heard.splice(0)]).toEqual(["up", ["changed"]]);
    }
    at("a").say({ type: "log", from: "connecting.opening", to: "idle" });
    await quiet();
    expect(phases()["a"]).toBe("up");
  });

  it("give up the first attempt, and its slot, when the connection waits for the next one", async () => {
    const { at, phases, members } = await membersOf(["a", "b"], { maxStarts: 1 });
    at("a").moves("connecting.opening", "connecting.waiting", { error: { message: "refused" } });
    await quiet();
    expect(phases()).toEqual({ a: "down", b: "starting" });
    at("b").last.open();
    await members.started(NEVER);
    at("a").last.open();
    await quiet();
    expect(members.health).toBe("ready");
  });

  it("that end for good are gone, and come back when somebody retries", async () => {
    const { members, at, heard, phases } = await membersOf(["a", "b"], {}, opens);
    await members.started(NEVER);
    const session = members.member("a")!.session!;
    heard.length = 0;
    session.onclose?.();
    await quiet();
    expect([members.member("a")?.session, heard.splice(0)]).toEqual([undefined, ["a is gone", "changed"]]);
    expect(phases()).toEqual({ a: "failed", b: "up" });
    const first = members.member("a")!;
    members.retry("a");
    await quiet();
    expect(at("a").asked).toHaveLength(2);
    expect(members.member("a")).not.toBe(first);
    expect([members.health, at("a").listeners.size]).toEqual(["ready", 1]);
    members.retry("b");
    await quiet();
    expect(at("b").asked).toHaveLength(1);
  });

  it("that were never reached come back when somebody else reaches their server", async () => {
    const { members, at } = await membersOf(["a", "b"]);
    at("a").last.refuse(new Error("no"));
    at("b").last.open();
    await members.started(NEVER);
    at("a").opens = true;
    at("a").moves("connecting.opening", "connected.steady");
    await quiet();
    expect([at("a").asked.length, members.health]).toEqual([2, "ready"]);
  });

  it("are removed for good: session and transport end, and what they offered is gone", async () => {
    const { members, at, handles, heard, phases } = await membersOf(["a", "b"], {}, opens);
    await members.started(NEVER);
    heard.length = 0;
    const gone = at("a");
    const { signal } = gone.last.options;
    handles.delete("a");
    members.remove("a");
    await quiet();
    expect([gone.closedSession.mock.calls.length, gone.close.mock.calls.length]).toEqual([1, 1]);
    expect(gone.closedSession.mock.invocationCallOrder[0]).toBeLessThan(
      gone.close.mock.invocationCallOrder[0]!,
    );
    expect([members.member("a"), heard, phases(), gone.listeners.size]).toEqual([
      undefined,
      ["a is gone", "changed"],
      { b: "up" },
      0,
    ]);
    expect(signal?.reason).toMatchObject({ message: "the composite let it go" });
  });

  it("that are let go while they open say nothing more", async () => {
    const { members, at, handles, heard } = await membersOf(["a", "b"]);
    const gone = at("a");
    gone.say({ type: "authorizing" }, waits);
    handles.delete("a");
    members.remove("a");
    await quiet();
    expect(heard).toEqual(["a is gone", "changed"]);
    expect(gone.closedSession).not.toHaveBeenCalled();
    expect(gone.close).toHaveBeenCalledTimes(1);
  });

  it("are replaced by their successors, once they are gone", async () => {
    const { members, at, handles } = await membersOf(["a"], {}, opens);
    await members.started(NEVER);
    const before = at("a");
    let closed = () => {};
    before.close.mockImplementation(() => new Promise((resolve) => (closed = resolve)));
    const after = new FakeHandle("a");
    handles.set("a", after);
    members.replace("a");
    await quiet();
    expect([before.close.mock.calls.length, after.asked.length]).toEqual([1, 0]);
    closed();
    await quiet();
    expect(after.asked).toHaveLength(1);
    after.last.open();
    await quiet();
    expect(members.health).toBe("ready");
  });

  it("that are configured no more when their turn comes are down", async () => {
    const { members, handles, phases } = await membersOf(["a", "b"], {}, opens);
    await members.started(NEVER);
    members.add(["c"]);
    await quiet();
    expect(phases()["c"]).toBe("down");
    handles.set("d", Object.assign(new FakeHandle("d"), { opens: true }));
    members.add(["d"]);
    await quiet();
    expect(phases()).toMatchObject({ d: "up" });
    expect(members.members()).toHaveLength(3);
  });

  it("end with the composite: their sessions, and no transport", async () => {
    const { members, at, heard } = await membersOf(["a", "b"], {}, opens);
    await members.started(NEVER);
    heard.length = 0;
    const session = members.member("a")!.session!;
    await members.close();
    session.onclose?.();
    for (const name of ["a", "b"]) {
      expect(at(name).closedSession).toHaveBeenCalledTimes(1);
      expect(at(name).close).not.toHaveBeenCalled();
      expect(at(name).listeners.size).toBe(0);
    }
    expect([heard, members.health]).toEqual([[], "closed"]);
  });

  it("that do not end do not hold the end of the composite for longer than its time", async () => {
    const { members, at, clock } = await membersOf(["a"], {}, opens);
    await members.started(NEVER);
    at("a").closedSession.mockImplementation(() => new Promise(() => {}));
    const closed = members.close();
    expect(await isPending(closed)).toBe(true);
    clock.advance(50);
    await closed;
  });
});

describe("a call of a server that was not reached", () => {
  const lost = async (status: object) => {
    const { members, at } = await membersOf(["a"]);
    at("a").status = { ...at("a").status, ...status } as ConnectionStatus;
    const abort = new AbortController();
    const call = message(members.member("a")!.opened(abort.signal));
    abort.abort(new Error("the deadline is over"));
    return call;
  };

  it.each([
    [waits, "a waits for a person to sign in (the deadline is over)"],
    [{ state: "idle", attempt: 0 }, "a was idle, attempt 0 (the deadline is over)"],
    [
      { detail: "waiting", attempt: 3, lastError: { message: "refused" } },
      "a was waiting, attempt 3: refused (the deadline is over)",
    ],
  ])("says how that server is: %j", async (status, said) => {
    expect(await lost(status)).toBe(said);
  });

  it("says nothing of a signal that did not fire", async () => {
    const { members, at } = await membersOf(["a"]);
    const call = message(members.member("a")!.opened(new AbortController().signal));
    at("a").last.refuse(new Error("no"));
    expect(await call).toBe("no");
  });
});
