import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { ResourceSubscriptions } from "../../src/connection/resource-subscriptions.js";
import { ManualClock } from "../support/manual-clock.js";
import { isPending, rejection, settled } from "../support/settling.js";

const A = "note://a";
const B = "note://b";

/** A server that answers when a test says so, and what is wanted of it. */
function rig() {
  const clock = new ManualClock();
  const wanted = new Set<string>([A]);
  let settle = { done: () => {}, fail: (_error: Error) => {} };
  const waiting = () =>
    new Promise<object>((done, fail) => {
      settle = { done: () => done({}), fail };
    });
  const subscribeResource = vi.fn((_params: object, _options: object) => waiting());
  const unsubscribeResource = vi.fn((_params: object, _options: object) => waiting());
  const client = { subscribeResource, unsubscribeResource } as never;
  const subscriptions = new ResourceSubscriptions(clock, (uri) => wanted.has(uri));
  const answered = async (work: Promise<unknown>) => {
    await settled();
    settle.done();
    return work;
  };
  const failed = async (work: Promise<unknown>, error: Error) => {
    const rejected = rejection(work);
    await settled();
    settle.fail(error);
    return rejected;
  };
  return { clock, wanted, client, subscriptions, subscribeResource, unsubscribeResource, answered, failed };
}

describe("a resource that waits for its turn", () => {
  it("waits no longer than its own deadline, and has what is left of it for the server", async () => {
    const { clock, client, subscriptions, subscribeResource, answered, failed } = rig();
    const first = subscriptions.settle(A, client, {});
    const second = subscriptions.settle(A, client, { timeout: 100 });
    const third = subscriptions.settle(A, client, { timeout: 40 });
    const late = rejection(third);
    await settled();
    expect(subscribeResource).toHaveBeenCalledExactlyOnceWith({ uri: A }, {});
    clock.advance(40);
    expect(await late).toMatchObject({
      message: `${A} is being subscribed to for another session, and was not within 40 ms`,
      data: { timeout: 40 },
    });
    expect(await isPending(second)).toBe(true);
    // The server never agreed, so the next one asks anew.
    expect(await failed(first, new Error("lost"))).toMatchObject({ message: "lost" });
    await answered(second);
    expect(subscribeResource.mock.calls[1]).toEqual([{ uri: A }, { timeout: 60 }]);
  });

  it("that had not to wait has its whole time", async () => {
    const { client, subscriptions, subscribeResource, answered } = rig();
    const options = { timeout: 100 };
    await answered(subscriptions.settle(A, client, options));
    expect(subscribeResource.mock.calls[0]![1]).toBe(options);
  });

  it("without a deadline waits on, and so does what comes behind it", async () => {
    const { clock, client, subscriptions, subscribeResource, answered, failed } = rig();
    const first = subscriptions.settle(A, client, {});
    const options = {};
    const second = subscriptions.settle(A, client, options);
    await settled();
    clock.advance(50);
    await failed(first, new Error("lost"));
    await answered(second);
    expect(subscribeResource.mock.calls[1]![1]).toBe(options);
  });

  it("gives its turn up with its signal", async () => {
    const { client, subscriptions, subscribeResource, answered } = rig();
    const over = new AbortController();
    const first = subscriptions.settle(A, client, {});
    const second = rejection(subscriptions.settle(A, client, { signal: over.signal }));
    over.abort("enough");
    expect(await second).toBe("enough");
    await answered(first);
    expect(subscribeResource).toHaveBeenCalledTimes(1);
  });
});

describe("what a legacy server was told", () => {
  it("is told again where its answer never came, and not where it agreed or refused", async () => {
    const { wanted, client, subscriptions, subscribeResource, unsubscribeResource, answered, failed } = rig();
    await failed(subscriptions.settle(A, client, {}), new Error("lost"));
    wanted.clear();
    await answered(subscriptions.settle(A, client, {}));
    expect(unsubscribeResource).toHaveBeenCalledTimes(1);
    wanted.add(A);
    await failed(
      subscriptions.settle(A, client, {}),
      new ProtocolError(ProtocolErrorCode.InvalidParams, "no"),
    );
    wanted.clear();
    expect(await subscriptions.settle(A, client, {})).toEqual({});
    expect(unsubscribeResource).toHaveBeenCalledTimes(1);
    wanted.add(A);
    await answered(subscriptions.settle(A, client, {}));
    expect(await subscriptions.settle(A, client, {})).toEqual({});
    expect(subscribeResource).toHaveBeenCalledTimes(3);
  });

  it("is unwanted where nobody wants it any more, by its own server only", async () => {
    const { wanted, client, subscriptions, answered } = rig();
    wanted.add(B);
    await answered(subscriptions.subscribe(A, client, {}));
    await answered(subscriptions.subscribe(B, client, {}));
    expect(subscriptions.unwanted(client)).toEqual([]);
    wanted.delete(A);
    expect(subscriptions.unwanted(client)).toEqual([A]);
    expect(subscriptions.unwanted({} as never)).toEqual([]);
    await answered(subscriptions.settle(A, client, {}));
    expect(subscriptions.unwanted(client)).toEqual([]);
  });
});
