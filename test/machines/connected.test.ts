import { describe, it } from "vitest";
import { MAX_DELAY_MS } from "../../src/machines/backoff.js";
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
  idleElapsed,
  leads,
  lost,
  pass,
  release,
  retryNow,
  succeeds,
  withdraw,
} from "./connection-rig.js";

const probing = [...held, doubted()];
/** Up, and needed by nobody. */
const kept = [...held, release];
const KEPT = { keepAlive: true };
const ONCE = { maxAttempts: 1 };

describe("a connection", () => {
  it.each<Case>([
    ["is not yet stable", [...held, pass(19_999)], "connected.steady", { attempt: 1 }],
    ["is stable once it held", [...held, pass(20_000)], "connected.steady", { attempt: 0 }],
    ["counts its sessions", [...held, acquire, connect], "connected.steady", { leases: 2, pinned: true }],
    ["has no callers that wait", [...held, demand, withdraw], "connected.steady", { demanded: false }],
    ["is recovered when it is lost", [...held, lost()], "connecting.waiting", { recovering: true }],
    ["is lost for good", [...held, lost(fatal)], "disconnecting", { leaving: "failed", lastError: fatal }],
    ["does not mind the loss of an older wire", [...held, lost(gone, 1)], "connected.steady"],
    [
      "is lost while nobody needs it",
      [...kept, lost()],
      "disconnecting",
      { leaving: "idle", lastError: gone, recovering: false },
      KEPT,
    ],
    ["is let go with its last session", [...held, release], "disconnecting", { leases: 0, leaving: "idle" }],
    ["stays for another session", [...held, acquire, release], "connected.steady", { leases: 1 }],
    ["stays for connect()", [...held, connect, release], "connected.steady", { leases: 0 }],
    [
      "is let go on disconnect",
      [...held, connect, disconnect],
      "disconnecting",
      { pinned: false, leases: 1 },
    ],
    ["is closed", [...held, close], "disconnecting", { leaving: "asked" }],
    ["heeds nothing else", [...held, retryNow, idleElapsed], "connected.steady", { epoch: 1 }],
  ])("%s", leads);
});

describe("a connection that is kept", () => {
  it.each<Case>([
    ["stays for a while", [...kept, pass(59_999)], "connected.steady", { leases: 0 }, KEPT],
    ["is let go when nobody came", [...kept, pass(60_000)], "disconnecting", { leaving: "idle" }, KEPT],
    [
      "stays for ever where that is wanted",
      [...kept, pass(MAX_DELAY_MS)],
      "connected.steady",
      {},
      { ...KEPT, idleTimeoutMs: Number.POSITIVE_INFINITY },
    ],
    ["stays for a new session", [...kept, acquire, pass(60_000)], "connected.steady", { leases: 1 }, KEPT],
    [
      "waits anew after each session",
      [...kept, pass(30_000), acquire, release, pass(59_999)],
      "connected.steady",
      {},
      KEPT,
    ],
    [
      "waits anew after connect()",
      [...kept, pass(30_000), connect, acquire, release, pass(60_000)],
      "connected.steady",
      { pinned: true },
      KEPT,
    ],
    [
      "waits only once the last session is gone",
      [...held, acquire, release, pass(30_000), release, pass(30_000)],
      "connected.steady",
      { leases: 0 },
      KEPT,
    ],
    [
      "does not wait on behalf of the one before it",
      [...kept, pass(30_000), lost(), disposed, ...held, release, pass(59_999)],
      "connected.steady",
      { epoch: 2 },
      KEPT,
    ],
  ])("%s", leads);
});

describe("a connection in doubt", () => {
  const unanswered = { code: "CONNECTION_LOST", message: "the server did not answer a probe" };
  const unneeded = [...kept, doubted()];

  it.each<Case>([
    ["asks its server", probing, "connected.probing"],
    ["does not ask because of an older wire", [...held, doubted(1)], "connected.steady"],
    ["asks once", [...probing, doubted(), succeeds("probe")], "connected.steady", { epoch: 1 }],
    ["may doubt again", [...probing, succeeds("probe"), doubted()], "connected.probing"],
    [
      "is recovered when the probe fails",
      [...probing, fails("probe", gone)],
      "connecting.waiting",
      { lastError: gone, recovering: true },
    ],
    [
      "fails with a probe that says so",
      [...probing, fails("probe", fatal)],
      "disconnecting",
      { leaving: "failed" },
    ],
    [
      "is let go when the probe fails and nobody needs it",
      [...unneeded, fails("probe", gone)],
      "disconnecting",
      { leaving: "idle", lastError: gone, recovering: false },
      KEPT,
    ],
    ["waits for the answer", [...probing, pass(2_999)], "connected.probing"],
    [
      "is recovered without an answer",
      [...probing, pass(3_000)],
      "connecting.opening",
      { lastError: unanswered, recovering: true, epoch: 2 },
    ],
    [
      "is given up without an answer",
      [...probing, pass(3_000)],
      "disconnecting",
      { leaving: "gave-up", lastError: unanswered },
      ONCE,
    ],
    [
      "is let go without an answer when nobody needs it",
      [...unneeded, pass(3_000)],
      "disconnecting",
      { leaving: "idle", lastError: unanswered, recovering: false },
      KEPT,
    ],
    ["is lost meanwhile", [...probing, lost()], "connecting.waiting", { lastError: gone }],
  ])("%s", leads);
});
