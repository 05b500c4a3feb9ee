import { describe, expect, it } from "vitest";
import { A, B, connection } from "../support/fake-subscriptions.js";
import { rejection, settled } from "../support/settling.js";

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
