import { describe, it } from "vitest";
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
  fatal,
  gone,
  held,
  INITIAL,
  idleElapsed,
  leads,
  lost,
  opens,
  pass,
  refused,
  refuses,
  release,
  retryNow,
  withdraw,
} from "./connection-rig.js";

/** Lost, and tried again in vain: the next attempt is due in 200 ms. */
const waiting = [...held, lost(), pass(0), refuses];

describe("an idle connection", () => {
  it.each<Case>([
    ["opens for connect()", [connect], "connecting.opening", { pinned: true, epoch: 1, attempt: 1 }],
    ["opens for a call that waits", [demand], "connecting.opening", { demanded: true, epoch: 1 }],
    ["opens for a session", [acquire], "connecting.opening", { leases: 1, epoch: 1 }],
    ["counts sessions that outlived it", [...held, disconnect, disposed, release], "idle", { leases: 0 }],
    ["ends when it is closed", [close], "closed", { leaving: "asked" }],
    [
      "heeds nothing else",
      [withdraw, disconnect, retryNow, doubted(), lost(), idleElapsed],
      "idle",
      { epoch: 0 },
    ],
  ])("%s", leads);
});

describe("an attempt", () => {
  const timeout = { code: "CONNECT_TIMEOUT", message: "not ready within 30000 ms" };
  const silent = { code: "CONNECT_FAILED", message: "the attempt failed" };

  it.each<Case>([
    [
      "counts who waits for it",
      [acquire, connect, demand, acquire],
      "connecting.opening",
      { leases: 2, pinned: true, demanded: true, epoch: 1 },
    ],
    ["ends when the last caller gives up", [demand, withdraw], "disconnecting", { demanded: false }],
    ["goes on for others", [demand, acquire, withdraw], "connecting.opening", { demanded: false }],
    ["ends with its last session", [acquire, release], "disconnecting", { leases: 0, leaving: "idle" }],
    ["goes on for another session", [acquire, acquire, release], "connecting.opening", { leases: 1 }],
    ["goes on for connect()", [acquire, connect, release], "connecting.opening", { leases: 0 }],
    ["ends on disconnect", [connect, disconnect], "disconnecting", { pinned: false, leaving: "idle" }],
    ["ends on close", [connect, close], "disconnecting", { pinned: false, leaving: "asked" }],
    [
      "heeds nothing of another wire",
      [acquire, retryNow, doubted(), lost(gone, 1), idleElapsed],
      "connecting.opening",
      { epoch: 1, attempt: 1, lastError: undefined },
    ],
    ["connects", [acquire, demand, opens], "connected.steady", { reached: true, demanded: false }],
    [
      "is followed by another",
      [acquire, refuses],
      "connecting.waiting",
      { lastError: refused, attempt: 1, nextRetryAt: 1_000_000 },
      INITIAL,
    ],
    ["is the only one", [acquire, refuses], "disconnecting", { lastError: refused, leaving: "failed" }],
    ["may fail without a word", [acquire, fails("open")], "disconnecting", { lastError: silent }],
    ["has its time", [acquire, pass(29_999)], "connecting.opening", {}, INITIAL],
    [
      "takes too long",
      [acquire, pass(30_000)],
      "connecting.opening",
      { lastError: timeout, recovering: false, epoch: 2 },
      INITIAL,
    ],
    [
      "takes too long to be tried again",
      [acquire, pass(30_000)],
      "disconnecting",
      { lastError: timeout, leaving: "failed" },
    ],
    [
      "loses its wire at the last moment",
      [acquire, lost()],
      "connecting.waiting",
      { lastError: gone },
      INITIAL,
    ],
    ["loses its wire for good", [acquire, lost()], "disconnecting", { lastError: gone, leaving: "failed" }],
  ])("%s", leads);
});

describe("a connection that waits for its next attempt", () => {
  it.each<Case>([
    [
      "says when that is",
      waiting,
      "connecting.waiting",
      { attempt: 2, nextRetryAt: 1_000_200, recovering: true, lastError: refused },
    ],
    ["does not hurry", [...waiting, pass(199)], "connecting.waiting", { epoch: 2 }],
    ["makes it when it is due", [...waiting, pass(200)], "connecting.opening", { epoch: 3, attempt: 3 }],
    ["makes it when it is told to", [...waiting, retryNow], "connecting.opening", { epoch: 3 }],
    [
      "forgets the failures once it is through",
      [...waiting, pass(200), opens],
      "connected.steady",
      { lastError: undefined, recovering: false, nextRetryAt: undefined },
    ],
    [
      "gives up after the last one",
      [...waiting, pass(200), refuses],
      "disconnecting",
      { leaving: "gave-up", lastError: refused },
    ],
    [
      "counts who waits",
      [...waiting, acquire, connect, demand],
      "connecting.waiting",
      { leases: 2, pinned: true, demanded: true },
    ],
    [
      "is let go with its last session",
      [...waiting, release],
      "disconnecting",
      { leaving: "idle", recovering: false, nextRetryAt: undefined },
    ],
    ["is let go with its last caller", [demand, refuses, withdraw], "disconnecting", {}, INITIAL],
    ["is let go on disconnect", [...waiting, disconnect], "disconnecting", { leaving: "idle", leases: 1 }],
    ["is closed", [...waiting, close], "disconnecting", { leaving: "asked" }],
    [
      "heeds nothing of a wire",
      [...waiting, doubted(), lost(fatal), idleElapsed],
      "connecting.waiting",
      { epoch: 2 },
    ],
  ])("%s", leads);
});
