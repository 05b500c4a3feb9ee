import { inspect } from "node:util";
import type { Progress, RequestOptions } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient, sessionOn } from "../support/fake-session.js";
import { rejection } from "../support/settling.js";

const over = new HoldfastError("SESSION_CLOSED", "it is over", {});

describe("a session", () => {
  it("shows the wire of its connection, until it ends", () => {
    const { session, link, connection } = sessionOn(epochClient());
    expect(session.transport).toBe(link.ready!.guard);
    expect(session.connection).toBe(connection);
    expect(session.ended).toBe(false);
    link.ready = undefined;
    expect(session.transport).toBeUndefined();
    link.ready = readyWith(epochClient());
    session.end(over);
    expect(session.transport).toBeUndefined();
    expect(session.ended).toBe(true);
  });

  it("ends once, tells its runtime and its holder, and every later call has the reason", async () => {
    const { session, onEnd } = sessionOn(epochClient());
    session.onclose = vi.fn();
    await session.close();
    session.end(over);
    expect(onEnd).toHaveBeenCalledExactlyOnceWith(session);
    expect(session.onclose).toHaveBeenCalledTimes(1);
    const notification = { method: "notifications/roots/list_changed" };
    for (const call of [
      session.ping(),
      session.setRoots([]),
      session.setLoggingLevel("info"),
      session.notification(notification),
      session.sendRootsListChanged(),
    ])
      expect(await rejection(call)).toMatchObject({
        code: "SESSION_CLOSED",
        server: "demo",
        message: "demo: the session was closed",
      });
    expect(session.logLevel).toBeUndefined();
  });

  it("ends with its block, also where nobody listens to that", async () => {
    const { session, onEnd, link } = sessionOn(epochClient());
    {
      await using _it = session;
    }
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(link.announced).toEqual([]);
  });

  it("is logged as its name and status, and nothing more", () => {
    const { session, link } = sessionOn(epochClient());
    const picture = { session: "demo", ended: false, status: link.state };
    expect(session.toJSON()).toEqual(picture);
    expect(inspect(session)).toBe(inspect(picture));
    const { toJSON } = session;
    expect(toJSON.call({ ended: true } as never)).toEqual({
      session: undefined,
      ended: true,
      status: undefined,
    });
  });

  it("is connected already", async () => {
    const error = await rejection(sessionOn(epochClient()).session.connect());
    expect(error).toMatchObject({ code: "CONFIG_INVALID", server: "demo" });
    expect((error as Error).message).toMatch(/^demo: a session is connected already.*connectSession\(\)/);
  });
});

describe("a call of a session", () => {
  const timeoutOf = async (options: object, ofServer?: number, ofCall?: RequestOptions) => {
    const ping = vi.fn(async (..._: unknown[]) => ({}));
    const { session, link } = sessionOn(epochClient({ ping }), options);
    link.callTimeoutMs.mockReturnValue(ofServer);
    await session.ping(ofCall);
    return (ping.mock.calls[0]![0] as RequestOptions).timeout;
  };

  it("has its own timeout, else the server's, else the session's, else a minute", async () => {
    expect(await timeoutOf({ timeoutMs: 3 }, 2, { timeout: 1 })).toBe(1);
    expect(await timeoutOf({ timeoutMs: 3 }, 2)).toBe(2);
    expect(await timeoutOf({ timeoutMs: 3 })).toBe(3);
    expect(await timeoutOf({})).toBe(60_000);
    expect(await timeoutOf({ timeoutMs: null })).toBe(60_000);
  });

  it("is heard of by the session's onProgress, unless it brings its own", async () => {
    const onProgress = vi.fn();
    const progressed = (_: unknown, options: RequestOptions) => options.onprogress!({ progress: 1 });
    const part = {
      callTool: async (params: unknown, options: RequestOptions) => progressed(params, options),
      listTools: async (params: unknown, options: RequestOptions) => progressed(params, options),
    };
    const { session } = sessionOn(epochClient(part), { onProgress });
    await session.callTool({ name: "it" }, { timeout: 5 });
    expect(onProgress).toHaveBeenLastCalledWith({ progress: 1 }, { method: "tools/call", name: "it" });
    await session.listTools();
    expect(onProgress.mock.lastCall![1]).toStrictEqual({ method: "tools/list" });
    const own = vi.fn((_: Progress) => {});
    await session.callTool({ name: "it" }, { onprogress: own });
    expect(own).toHaveBeenCalledTimes(1);
    expect(onProgress).toHaveBeenCalledTimes(2);
  });

  it("hears of no progress where nobody wants it", async () => {
    const ping = vi.fn(async (..._: unknown[]) => ({}));
    await sessionOn(epochClient({ ping })).session.ping();
    expect(ping.mock.calls[0]![0]).not.toHaveProperty("onprogress");
  });

  it("about resources goes by the counts of the connection", async () => {
    const client = epochClient();
    const { session, subscriptions, link } = sessionOn(client);
    await session.subscribeResource({ uri: "a:b" }, { timeout: 5 });
    await session.unsubscribeResource({ uri: "a:b" }, { timeout: 5 });
    for (const method of [subscriptions.subscribe, subscriptions.unsubscribe])
      expect(method).toHaveBeenCalledExactlyOnceWith(
        session,
        "a:b",
        client,
        expect.objectContaining({ timeout: 5 }),
      );
    expect(link.callTimeoutMs.mock.calls).toEqual([
      ["resources/subscribe", "a:b"],
      ["resources/unsubscribe", "a:b"],
    ]);
    expect(await session.listen({ toolsListChanged: true })).toBe("a handle");
    expect(subscriptions.listen).toHaveBeenCalledExactlyOnceWith(
      session,
      { toolsListChanged: true },
      client,
      expect.anything(),
    );
    expect(link.callTimeoutMs).toHaveBeenLastCalledWith("subscriptions/listen", undefined);
  });
});
