import { describe, expect, it } from "vitest";
import {
  acquire,
  type Case,
  close,
  connect,
  demand,
  disconnect,
  disposed,
  doubted,
  fails,
  gone,
  held,
  INITIAL,
  idleElapsed,
  leads,
  lost,
  opens,
  pass,
  play,
  refuses,
  release,
  retryNow,
  succeeds,
  withdraw,
} from "./connection-rig.js";

const probing = [...held, doubted()];
const leaving = [...held, release];
const closing = [...held, close];

describe("a connection that is being let go", () => {
  it.each<Case>([
    ["is idle once all is closed", [...leaving, disposed], "idle"],
    ["is idle when something did not close", [...leaving, fails("dispose")], "idle"],
    ["waits for its resources", [...leaving, pass(4_999)], "disconnecting"],
    ["does not wait for ever", [...leaving, pass(5_000)], "idle"],
    ["waits before it comes back", [...leaving, connect], "disconnecting", { pinned: true, reopen: true }],
    ["comes back for connect()", [...leaving, connect, disposed], "connecting.opening", { epoch: 2 }],
    ["comes back for a call", [...leaving, demand, fails("dispose")], "connecting.opening", { epoch: 2 }],
    ["comes back for a session", [...leaving, acquire, pass(5_000)], "connecting.opening", { leases: 1 }],
    ["stays away from a caller that gave up", [...leaving, demand, withdraw, disposed], "idle"],
    ["stays away from a session that ended", [...leaving, acquire, release, disposed], "idle"],
    ["stays away after a disconnect", [...leaving, connect, disconnect, disposed], "idle", { pinned: false }],
    ["may be closed", [...leaving, connect, close, disposed], "closed", { leaving: "asked" }],
    [
      "heeds nothing else",
      [...leaving, retryNow, doubted(), lost(), idleElapsed],
      "disconnecting",
      { lastError: undefined },
    ],
  ])("%s", leads);
});

describe("a connection that is being closed", () => {
  it.each<Case>([
    ["ends once all is closed", [...closing, disposed], "closed"],
    ["ends when something did not close", [...closing, fails("dispose")], "closed"],
    ["does not wait for ever", [...closing, pass(5_000)], "closed"],
    ["comes back for nobody", [...closing, connect, acquire, demand, disposed], "closed"],
    ["stays closed after a disconnect", [...closing, disconnect, disposed], "closed", { leaving: "asked" }],
    ["because it failed comes back for nobody", [acquire, refuses, connect, disposed], "closed"],
  ])("%s", leads);
});

describe("the effects", () => {
  it("are begun with the epoch that they belong to", async () => {
    const rig = await play([...probing, lost(), pass(0), opens, doubted(), close]);
    expect(rig.gates.begun).toEqual(["open 1", "probe 1", "open 2", "probe 2", "dispose 2"]);
  });

  it("of an attempt or a probe that is given up are cancelled", async () => {
    const rig = await play([acquire, pass(30_000), pass(0), opens, doubted(), close], INITIAL);
    expect(rig.gates.cancelled).toEqual(["open 1", "probe 2"]);
  });
});

describe("what moves a connection", () => {
  const doubt = doubted();

  it.each([
    [
      "a server that comes and goes",
      [
        ...held,
        doubt,
        succeeds("probe"),
        doubt,
        fails("probe", gone),
        pass(0),
        refuses,
        retryNow,
        pass(30_000),
      ],
      [
        "lease.acquired",
        "wire.opened",
        "wire.doubted",
        "probe.answered",
        "wire.doubted",
        "probe.failed",
        "retry.due",
        "attempt.failed",
        "retry.now",
        "attempt.timed-out",
      ],
    ],
    [
      "a server that says nothing, and one that does not close",
      [...probing, pass(2_999), pass(1), retryNow, opens, release, pass(5_000)],
      [
        "lease.acquired",
        "wire.opened",
        "wire.doubted",
        "probe.timed-out",
        "retry.due",
        "wire.opened",
        "lease.released",
        "disposal.timed-out",
      ],
    ],
    [
      "the user",
      [connect, disconnect, disposed, connect, opens, lost(), close, fails("dispose")],
      ["connect", "disconnect", "disposed", "connect", "wire.opened", "wire.lost", "close", "disposed"],
    ],
  ])("has a name: %s", async (_what, steps, causes) => expect((await play(steps)).causes).toEqual(causes));
});
