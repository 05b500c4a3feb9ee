import type { LoggingLevel } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import type { Ready } from "../../src/session/link.js";
import { Subscriptions } from "../../src/session/subscriptions.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient } from "../support/fake-session.js";
import { rejection, settled } from "../support/settling.js";

const A = "note://a";
const B = "note://b";

/** A connection with sessions, the Client of its epoch, and a stream that keeps what it was to follow. */
function connection(era: "legacy" | "modern" = "legacy", capabilities: object = { logging: {} }) {
  const ask = {
    subscribeResource: vi.fn(async (_params: { uri: string }, _options: object) => ({})),
    unsubscribeResource: vi.fn(async (_params: { uri: string }, _options: object) => ({ told: true })),
    setLoggingLevel: vi.fn(async (_level: LoggingLevel, _options: object) => ({})),
  };
  const client = epochClient({ ...ask, getServerCapabilities: () => capabilities }, era);
  const now: { ready: Ready | undefined } = { ready: readyWith(client) };
  const filters: object[] = [];
  const stream = {
    honoredFilter: undefined as object | undefined,
    follow: vi.fn(async (filterOf: (client: unknown) => object, _options: object) => {
      filters.push(filterOf(client));
    }),
  };
  const sessions = new Set<{ ended: boolean; logLevel?: LoggingLevel }>();
  const session = (logLevel?: LoggingLevel) => {
    const one = { ended: false, logLevel };
    sessions.add(one);
    return one as never;
  };
  const subscriptions = new Subscriptions(sessions as never, stream as never, () => now.ready);
  return { ...ask, client, now, filters, stream, session, subscriptions };
}

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

describe("the stream of a modern server", () => {
  it.each([
    [{}, {}],
    [{ tools: { listChanged: true } }, { toolsListChanged: true }],
    [{ prompts: { listChanged: true } }, { promptsListChanged: true }],
    [{ resources: { listChanged: true } }, { resourcesListChanged: true }],
    [{ tools: {}, prompts: {}, resources: {} }, {}],
  ])("of a server that announces %j follows %j", (capabilities, filter) => {
    const { subscriptions, filters, stream } = connection("modern", capabilities);
    subscriptions.start();
    expect(filters).toStrictEqual([filter]);
    expect(stream.follow.mock.calls[0]![1]).toEqual({});
  });

  it("of a server that declares nothing follows what is asked for", async () => {
    const { subscriptions, session, client, filters } = connection("modern");
    client.getServerCapabilities = () => undefined;
    const one = session();
    const ask = async (filter: object) => subscriptions.listen(one, filter, client, { timeout: 5 });
    const tools = await ask({ toolsListChanged: true });
    expect(filters.at(-1)).toStrictEqual({ toolsListChanged: true });
    await tools.close();
    await ask({ promptsListChanged: true });
    expect(filters.at(-1)).toStrictEqual({ promptsListChanged: true });
    await ask({ resourcesListChanged: true });
    expect(filters.at(-1)).toStrictEqual({ promptsListChanged: true, resourcesListChanged: true });
  });

  it("names every resource that somebody holds, in order, for as long as it is held", async () => {
    const { subscriptions, session, client, filters, stream } = connection("modern");
    const one = session();
    const options = { timeout: 5 };
    await subscriptions.subscribe(one, B, client, options);
    const handle = await subscriptions.listen(one, { resourceSubscriptions: [A, B] }, client, options);
    expect(filters.at(-1)).toEqual({ resourceSubscriptions: [A, B] });
    expect(stream.follow.mock.lastCall![1]).toBe(options);
    expect(await subscriptions.unsubscribe(one, B, client, options)).toEqual({});
    await handle.close();
    expect(filters.at(-1)).toEqual({});
    await subscriptions.subscribe(one, A, client, options);
    expect(await subscriptions.unsubscribe(one, A, client, options)).toEqual({});
    expect(filters.at(-1)).toEqual({});
    expect(stream.follow.mock.lastCall![1]).toBe(options);
  });

  it("that fails is a failed subscription, and starting it disturbs nobody", async () => {
    const { subscriptions, session, client, stream, filters } = connection("modern");
    const one = session();
    stream.follow.mockRejectedValue(new Error("no stream"));
    expect(await rejection(subscriptions.subscribe(one, A, client, {}))).toMatchObject({
      message: "no stream",
    });
    expect(await rejection(subscriptions.listen(one, { toolsListChanged: true }, client, {}))).toMatchObject({
      message: "no stream",
    });
    subscriptions.start();
    await settled();
    stream.follow.mockImplementation(async (filterOf) => void filters.push(filterOf(client)));
    subscriptions.start();
    expect(filters.at(-1)).not.toHaveProperty("toolsListChanged");
  });
});

describe("the handle of a listen", () => {
  it("says what the server honors, else what was asked for", async () => {
    const { subscriptions, session, client, stream } = connection("modern");
    const filter = { toolsListChanged: true } as const;
    expect((await subscriptions.listen(session(), filter, client, {})).honoredFilter).toBe(filter);
    stream.honoredFilter = {};
    expect((await subscriptions.listen(session(), filter, client, {})).honoredFilter).toBe(
      stream.honoredFilter,
    );
  });

  it("holds its resources until it is closed, which counts once", async () => {
    const { subscriptions, session, client, subscribeResource, unsubscribeResource, stream } = connection();
    const filter = { resourceSubscriptions: [A, B] };
    const handle = await subscriptions.listen(session(), filter, client, {});
    expect(subscribeResource).toHaveBeenCalledTimes(2);
    expect(stream.follow).not.toHaveBeenCalled();
    await handle.close();
    await handle.close();
    expect(unsubscribeResource.mock.calls).toEqual([
      [{ uri: A }, {}],
      [{ uri: B }, {}],
    ]);
    expect(await handle.closed).toBe("local");
  });

  it("may be closed without a connection", async () => {
    const { subscriptions, session, client, now, unsubscribeResource } = connection();
    const handle = await subscriptions.listen(session(), { resourceSubscriptions: [A] }, client, {});
    now.ready = undefined;
    await handle.close();
    expect(await handle.closed).toBe("local");
    expect(unsubscribeResource).not.toHaveBeenCalled();
  });

  it("without resources holds none", async () => {
    const { subscriptions, session, client, subscribeResource } = connection();
    const handle = await subscriptions.listen(session(), {}, client, {});
    await handle.close();
    expect(subscribeResource).not.toHaveBeenCalled();
  });
});
