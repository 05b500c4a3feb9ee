import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import * as ends from "../../src/connection/end-errors.js";
import type { ConnectionContext } from "../../src/machines/reducers.js";

const context = (part: Partial<ConnectionContext>) => part as ConnectionContext;
const lastError = { code: "CONNECT_FAILED", message: "refused", hint: "Is it on?" };

describe("why calls in flight are lost", () => {
  it.each([
    ["idle", "the connection was let go by disconnect()"],
    ["asked", "the transport was closed"],
    ["failed", "the connection failed"],
    ["gave-up", "the connection gave up"],
  ] as const)("when the connection is left as %s", (leaving, message) => {
    expect(ends.lossOnLeaving("disconnecting", context({ leaving, lastError: undefined }))).toEqual({
      code: "CONNECTION_LOST",
      message,
      asked: true,
    });
  });

  it("is the last error where the wire was lost, and not where it was let go", () => {
    const lost = { ...lastError, code: "CONNECTION_LOST" };
    for (const [to, leaving] of [
      ["connecting.waiting", "idle"],
      ["disconnecting", "failed"],
      ["disconnecting", "gave-up"],
    ] as const)
      expect(ends.lossOnLeaving(to, context({ leaving, lastError }))).toEqual(lost);
    for (const leaving of ["idle", "asked"] as const)
      expect(ends.lossOnLeaving("disconnecting", context({ leaving, lastError }))).toMatchObject({
        asked: true,
      });
  });

  it("with a session is that it ended: it was asked for", () => {
    expect(ends.SESSION_ENDED).toEqual({
      code: "CONNECTION_LOST",
      message: "the session ended",
      asked: true,
    });
  });
});

describe("what a caller is told", () => {
  const cause = new HoldfastError("CONNECT_FAILED", "refused", { server: "files" });

  it.each([
    ["gave-up", "gave up"],
    ["failed", "failed"],
    ["asked", "was closed"],
    ["idle", "was closed"],
  ] as const)("once the transport is over, left as %s", (leaving, why) => {
    expect(ends.transportClosed("files", leaving, cause)).toMatchObject({
      code: "TRANSPORT_CLOSED",
      message: `files: the transport ${why} (refused)`,
      server: "files",
      cause,
    });
    const plain = ends.transportClosed("files", leaving);
    expect(plain.message).toBe(`files: the transport ${why}`);
    expect(plain.cause).toBeUndefined();
  });

  it("of a session, a wait, a full queue and a conflict", () => {
    expect(ends.sessionEnded("files", cause)).toMatchObject({
      code: "SESSION_CLOSED",
      message: "files: the session ended with its transport",
      server: "files",
      cause,
    });
    expect(ends.disconnected("files")).toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "not-sent",
      server: "files",
      message: "files: disconnect() was called while this was waiting. It was not sent.",
    });
    expect(ends.queueFull("files", 3)).toMatchObject({
      code: "QUEUE_FULL",
      maxQueued: 3,
      server: "files",
      message: "files: 3 calls are waiting already",
    });
    expect(ends.conflicting("files", "another clientInfo")).toMatchObject({
      code: "SESSION_CONFLICT",
      server: "files",
      message:
        "files: another session is open, and this one needs another clientInfo. Use transport.fork() for a connection of its own",
    });
  });
});
