import { describe, expect, it, vi } from "vitest";
import { A, B, connection } from "../support/fake-subscriptions.js";
import { rejection } from "../support/settling.js";

describe("a resource of a legacy server", () => {
  it("is subscribed to once for all who want it, and given up with the last of them", async () => {
    const { subscriptions, session, client, subscribeResource, unsubscribeResource, stream } = connection();
    const [one, two] = [session(), session()];
    const options = { timeout: 5 };
    expect(await subscriptions.subscribe(one, A, client, options)).toEqual({});
    await subscriptions.subscribe(one, A, client, options);
    await subscriptions.subscribe(two, A, client, options);
    expect(subscribeResource).toHaveBeenCalledExactlyOnceWith({ uri: A }, options);
    expect(await subscriptions.unsubscribe(one, A, client, options)).toEqual({});
    expect(await subscriptions.unsubscribe(one, A, client, options)).toEqual({});
    expect(unsubscribeResource).not.toHaveBeenCalled();
    expect(await subscriptions.unsubscribe(two, A, client, options)).toEqual({ told: true });
    expect(unsubscribeResource).toHaveBeenCalledExactlyOnceWith({ uri: A }, options);
    expect(await subscriptions.unsubscribe(two, A, client, options)).toEqual({});
    expect(unsubscribeResource).toHaveBeenCalledTimes(1);
    await subscriptions.subscribe(two, A, client, options);
    expect(subscribeResource).toHaveBeenCalledTimes(2);
    expect(stream.follow).not.toHaveBeenCalled();
  });

  it("that the server refuses is not held", async () => {
    const { subscriptions, session, client, subscribeResource } = connection();
    const one = session();
    subscribeResource.mockRejectedValueOnce(new Error("no such resource"));
    expect(await rejection(subscriptions.subscribe(one, A, client, {}))).toMatchObject({
      message: "no such resource",
    });
    await subscriptions.subscribe(one, A, client, {});
    expect(subscribeResource).toHaveBeenCalledTimes(2);
  });

  it("is not held for a session that ended while the server was asked", async () => {
    const { subscriptions, session, client, now, subscribeResource } = connection();
    const one = session();
    subscribeResource.mockImplementationOnce(async () => {
      (one as { ended: boolean }).ended = true;
      return {};
    });
    await subscriptions.subscribe(one, A, client, {});
    await subscriptions.restore(now.ready!, {}, vi.fn());
    expect(subscribeResource).toHaveBeenCalledTimes(1);
  });

  it("is given up with the last session that wanted it, and what that session listens to", async () => {
    const { subscriptions, session, client, unsubscribeResource } = connection();
    const [one, two] = [session(), session()];
    for (const who of [one, two]) await subscriptions.subscribe(who, A, client, {});
    const handle = await subscriptions.listen(one, { resourceSubscriptions: [B] }, client, {});
    const kept = await subscriptions.listen(two, {}, client, {});
    const keptOver = vi.fn();
    void kept.closed.then(keptOver);
    subscriptions.drop(one);
    expect(unsubscribeResource.mock.calls).toEqual([[{ uri: B }, {}]]);
    expect(await handle.closed).toBe("local");
    expect(keptOver).not.toHaveBeenCalled();
    unsubscribeResource.mockRejectedValueOnce(new Error("too late"));
    subscriptions.drop(two);
    expect(unsubscribeResource.mock.calls.at(-1)).toEqual([{ uri: A }, {}]);
    expect(await kept.closed).toBe("local");
  });

  it("is forgotten without a word where there is no connection", async () => {
    const { subscriptions, session, client, now, subscribeResource, unsubscribeResource } = connection();
    const [one, two] = [session(), session()];
    await subscriptions.subscribe(one, A, client, {});
    for (const who of [one, two]) await subscriptions.subscribe(who, B, client, {});
    const ready = now.ready!;
    now.ready = undefined;
    subscriptions.drop(one);
    expect(unsubscribeResource).not.toHaveBeenCalled();
    subscribeResource.mockClear();
    await subscriptions.restore(ready, {}, vi.fn());
    expect(subscribeResource.mock.calls).toEqual([[{ uri: B }, {}]]);
  });
});

describe("a new epoch", () => {
  it("of a legacy server is told again what the sessions declared", async () => {
    const { subscriptions, session, client, now, subscribeResource, setLoggingLevel } = connection();
    const one = session("error");
    session("info");
    for (const uri of [A, B]) await subscriptions.subscribe(one, uri, client, {});
    subscribeResource.mockClear();
    const report = vi.fn();
    const options = { timeout: 5 };
    await subscriptions.restore(now.ready!, options, report);
    expect(subscriptions.logLevel()).toBe("info");
    expect(setLoggingLevel).toHaveBeenCalledExactlyOnceWith("info", options);
    expect(subscribeResource.mock.calls).toEqual([
      [{ uri: A }, options],
      [{ uri: B }, options],
    ]);
    expect(report).not.toHaveBeenCalled();
    const error = new Error("gone");
    subscribeResource.mockRejectedValueOnce(error);
    await subscriptions.restore(now.ready!, options, report);
    expect(report).toHaveBeenCalledExactlyOnceWith(error);
  });

  it.each([
    ["nobody asked for a level", undefined, { logging: {} }],
    ["the server has no log", "info" as const, {}],
    ["the server declares nothing", "info" as const, undefined],
  ])("is told no level where %s", async (_why, level, capabilities) => {
    const made = connection("legacy", capabilities as object);
    // The default of the parameter stands in for nothing.
    if (!capabilities) made.client.getServerCapabilities = () => undefined;
    made.session(level);
    await made.subscriptions.restore(made.now.ready!, {}, vi.fn());
    expect(made.setLoggingLevel).not.toHaveBeenCalled();
  });

  it("of a modern server is told nothing: its stream says it all", async () => {
    const { subscriptions, session, client, now, subscribeResource, setLoggingLevel, filters } =
      connection("modern");
    await subscriptions.subscribe(session("info"), A, client, {});
    await subscriptions.restore(now.ready!, {}, vi.fn());
    expect(subscribeResource).not.toHaveBeenCalled();
    expect(setLoggingLevel).not.toHaveBeenCalled();
    subscriptions.start();
    expect(filters.at(-1)).toEqual({ resourceSubscriptions: [A] });
  });
});
