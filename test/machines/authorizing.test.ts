import { describe, it } from "vitest";
import {
  acquire,
  type Case,
  close,
  disconnect,
  disposed,
  fails,
  gone,
  held,
  INITIAL,
  leads,
  lost,
  opens,
  pass,
  refused,
  refusedCredential,
  release,
  retryNow,
  succeeds,
} from "./connection-rig.js";

const wanted = {
  code: "AUTH_REQUIRED",
  message: "the server wants credentials",
  fatal: true,
  authorizable: true,
};
const denied = { code: "AUTH_REQUIRED", message: "the person said no", fatal: true };
const asks = fails("open", wanted);
const signsIn = succeeds("authorize");

const WHILE_CONNECTING: Case[] = [
  ["a refused attempt leads to a sign-in", [acquire, asks], "connecting.authorizing", { refusals: 1 }],
  ["and that to the next attempt", [acquire, asks, signsIn], "connecting.opening", { epoch: 2 }],
  [
    "which may connect, and counts anew",
    [acquire, asks, signsIn, opens],
    "connected.steady",
    { refusals: 0, lastError: undefined },
  ],
  ["a person may take minutes", [acquire, asks, pass(299_000)], "connecting.authorizing"],
  [
    "and not for ever",
    [acquire, asks, pass(300_000)],
    "disconnecting",
    {
      leaving: "failed",
      lastError: {
        code: "AUTH_REQUIRED",
        message: "nobody signed in within 300 s",
        hint: "Connect again to be asked again",
        fatal: true,
      },
    },
  ],
  [
    "a refusal of the person is final",
    [acquire, asks, fails("authorize", denied)],
    "disconnecting",
    { leaving: "failed" },
  ],
  [
    "a network that fails is tried again where that is wished",
    [acquire, asks, fails("authorize", refused)],
    "connecting.waiting",
    {},
    INITIAL,
  ],
  ["else it is final", [acquire, asks, fails("authorize", refused)], "disconnecting", { leaving: "failed" }],
  [
    "a server that is never content is left",
    [acquire, asks, signsIn, asks, signsIn, asks, signsIn, asks],
    "disconnecting",
    { leaving: "failed", lastError: wanted },
  ],
  ["retry.now does nothing", [acquire, asks, retryNow], "connecting.authorizing"],
  ["nobody needs it any more", [acquire, asks, release], "disconnecting", { leaving: "idle" }],
  ["disconnect ends it", [acquire, asks, disconnect, disposed], "idle"],
  ["close ends it", [acquire, asks, close, disposed], "closed"],
];

const WHILE_CONNECTED: Case[] = [
  [
    "a refusal in mid-session leads to a sign-in",
    [...held, refusedCredential()],
    "connected.authorizing",
    { epoch: 1 },
  ],
  ["and back, on the same wire", [...held, refusedCredential(), signsIn], "connected.steady", { epoch: 1 }],
  ["one of an old epoch does not", [...held, refusedCredential(1)], "connected.steady"],
  [
    "a network that fails is waited for as for a lost wire",
    [...held, refusedCredential(), fails("authorize", refused)],
    "connecting.waiting",
    { recovering: true },
  ],
  [
    "a refusal of the person is final",
    [...held, refusedCredential(), fails("authorize", denied)],
    "disconnecting",
    { leaving: "failed", lastError: denied },
  ],
  [
    "so is a person who does not come",
    [...held, refusedCredential(), pass(300_000)],
    "disconnecting",
    { leaving: "failed" },
  ],
  [
    "where nobody needs it, it is let go",
    [...held, release, refusedCredential(), pass(300_000)],
    "disconnecting",
    { leaving: "idle" },
    { keepAlive: true, idleTimeoutMs: Number.POSITIVE_INFINITY },
  ],
  [
    "a wire that is lost meanwhile does not send the person away",
    [...held, refusedCredential(), lost(gone)],
    "connecting.authorizing",
    { recovering: true },
  ],
  [
    "and the next attempt follows the sign-in",
    [...held, refusedCredential(), lost(gone), signsIn],
    "connecting.opening",
    { epoch: 2 },
  ],
];

describe("the machine while connecting", () => {
  it.each(WHILE_CONNECTING)("%s", leads);
});
describe("the machine while connected", () => {
  it.each(WHILE_CONNECTED)("%s", leads);
});
