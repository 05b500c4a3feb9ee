import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { epochClient, sessionOn } from "../support/fake-session.js";
import { rejection, settled } from "../support/settling.js";

const over = new HoldfastError("SESSION_CLOSED", "it is over", {});

describe("the level of the log", () => {
  it("is told to a legacy server as what serves every session", async () => {
    const setLoggingLevel = vi.fn(async (..._: unknown[]) => ({}));
    const { session, subscriptions, link } = sessionOn(epochClient({ setLoggingLevel }));
    expect(session.logLevel).toBeUndefined();
    expect(session.wantsLog("debug")).toBe(true);
    await session.setLoggingLevel("error");
    expect(setLoggingLevel).toHaveBeenLastCalledWith("error", expect.anything());
    subscriptions.logLevel.mockReturnValue("info");
    await session.setLoggingLevel("warning", { timeout: 5 });
    expect(setLoggingLevel).toHaveBeenLastCalledWith("info", expect.objectContaining({ timeout: 5 }));
    expect(session.logLevel).toBe("warning");
    expect(session.wantsLog("info")).toBe(false);
    expect(link.callTimeoutMs).toHaveBeenLastCalledWith("logging/setLevel", undefined);
  });

  it("is only kept where the server is a modern one", async () => {
    const setLoggingLevel = vi.fn();
    const { session } = sessionOn(epochClient({ setLoggingLevel }, "modern"), { logLevel: "alert" });
    expect(session.logLevel).toBe("alert");
    expect(await session.setLoggingLevel("error")).toEqual({});
    expect(session.logLevel).toBe("error");
    expect(setLoggingLevel).not.toHaveBeenCalled();
  });
});

describe("a notification of the client", () => {
  it("is sent on the connection that there is", async () => {
    const notification = vi.fn(async (..._: unknown[]) => {});
    const { session } = sessionOn(epochClient({ notification }));
    await session.notification({ method: "notifications/custom" }, { relatedRequestId: 1 });
    expect(notification).toHaveBeenCalledExactlyOnceWith(
      { method: "notifications/custom" },
      { relatedRequestId: 1 },
    );
  });

  it("is never queued: without a connection it rejects, or is dropped where it is about one call", async () => {
    const { session } = sessionOn(null);
    expect(await rejection(session.notification({ method: "notifications/custom" }))).toMatchObject({
      code: "CONNECTION_LOST",
      message: "demo: notifications/custom was not sent: there is no connection",
      server: "demo",
      outcome: "not-sent",
    });
    await session.notification({ method: "notifications/cancelled", params: {} } as never);
    await session.notification({ method: "notifications/progress", params: {} } as never);
  });

  it("about its roots is for legacy servers", async () => {
    for (const [era, times] of [
      ["legacy", 1],
      ["modern", 0],
    ] as const) {
      const sendRootsListChanged = vi.fn(async () => {});
      const { session } = sessionOn(epochClient({ sendRootsListChanged }, era), { roots: ["/a"] });
      await session.setRoots(["/b"]);
      expect(sendRootsListChanged).toHaveBeenCalledTimes(times);
      expect(await session.roots()).toEqual({ roots: [{ uri: "file:///b", name: "b" }] });
    }
    const { session } = sessionOn(null);
    expect(await session.roots()).toEqual({ roots: [] });
    await session.setRoots(["/c"]);
    expect((await session.roots()).roots).toHaveLength(1);
  });
});

describe("what the server says", () => {
  const notification = { jsonrpc: "2.0", method: "notifications/tools/list_changed" } as never;

  it("reaches the option and the handlers, until the session ends", async () => {
    const [onNotification, onListChanged] = [vi.fn(), vi.fn()];
    const { session } = sessionOn(epochClient(), { onNotification, onListChanged });
    session.deliver(notification);
    await settled();
    expect(onNotification).toHaveBeenCalledExactlyOnceWith(notification);
    expect(onListChanged).toHaveBeenCalledExactlyOnceWith({ kind: "tools" });
    session.end(over);
    session.deliver(notification);
    await settled();
    expect(onNotification).toHaveBeenCalledTimes(1);
    expect(onListChanged).toHaveBeenCalledTimes(1);
  });

  it("is heard where somebody listens to it: by the option for all, a handler, or one for what has none", () => {
    const log = "notifications/message";
    const listens = (options = {}) => sessionOn(epochClient(), options).session;
    expect(listens().hears(log)).toBe(false);
    expect(listens({ onLog() {} }).hears(log)).toBe(true);
    expect(listens({ onLog() {} }).hears("notifications/other")).toBe(false);
    expect(listens({ onNotification() {} }).hears(log)).toBe(true);
    const session = listens();
    session.setNotificationHandler(log, () => {});
    expect(session.hears(log)).toBe(true);
    session.removeNotificationHandler(log);
    expect(session.hears(log)).toBe(false);
    session.fallbackNotificationHandler = async () => {};
    expect(session.hears("notifications/other")).toBe(true);
    session.end(over);
    expect(session.hears("notifications/other")).toBe(false);
  });

  it("reaches the handlers also where nobody wants to hear all of it", async () => {
    const onListChanged = vi.fn();
    const { session, link } = sessionOn(epochClient(), { onListChanged });
    session.deliver(notification);
    await settled();
    expect(onListChanged).toHaveBeenCalledTimes(1);
    expect(link.announced).toEqual([]);
  });

  it("wrongly is reported to whoever wants to know, until the session ends", () => {
    const onError = vi.fn();
    const { session } = sessionOn(epochClient(), { onError });
    session.onerror = vi.fn();
    const error = new Error("odd");
    session.report(error);
    session.end(over);
    session.report(error);
    for (const hear of [onError, session.onerror]) expect(hear).toHaveBeenCalledExactlyOnceWith(error);
    const quiet = sessionOn(epochClient());
    quiet.session.report(error);
    expect(quiet.link.announced).toEqual([]);
  });

  it("is announced as a warning where a callback throws, and nothing else comes of it", () => {
    const fail = () => {
      throw new Error("oops");
    };
    const { session, link } = sessionOn(epochClient(), { onError: fail });
    session.onclose = fail;
    session.report(new Error("odd"));
    session.end(over);
    const warning = { type: "warning", message: "demo: a callback of a session threw: Error: oops" };
    expect(link.announced).toEqual([warning, warning]);
  });
});
