import { InMemoryResponseCacheStore } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { EpochCache } from "../../src/connection/epoch-cache.js";

const read = { method: "resources/read", params: "note://x" };
const tools = { method: "tools/list", params: "", partition: "p" };
const entry = { value: "{}", expiresAt: 5_000_000_000_000 };

describe("the cache of a connection", () => {
  it("gives an epoch what it read itself", async () => {
    const cache = await new EpochCache(undefined, "a").next();
    for (const key of [read, tools]) {
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, entry);
      expect(await cache.get(key)).toMatchObject(entry);
    }
    await cache.delete(read);
    expect(await cache.get(read)).toBeUndefined();
    await cache.evict("tools/list");
    expect(await cache.get(tools)).toBeUndefined();
    await cache.set(read, entry);
    await cache.clear();
    expect(await cache.get(read)).toBeUndefined();
  });

  it("drops it with the epoch; definitions of tools stay, and are no answer", async () => {
    const all = new EpochCache({ store: new InMemoryResponseCacheStore() }, "a");
    const first = await all.next();
    const methods = ["prompts/list", "resources/list", "resources/templates/list", "server/discover"];
    for (const key of [read, tools, ...methods.map((method) => ({ method, params: "" }))])
      await first.set(key, entry);
    const second = await all.next();
    for (const key of [read, ...methods.map((method) => ({ method, params: "" }))])
      expect(await second.get(key)).toBeUndefined();
    expect(await second.get(tools)).toMatchObject({ value: "{}", expiresAt: 0 });
    await second.set(tools, entry);
    expect(await second.get(tools)).toMatchObject(entry);
    expect(await second.get({ ...tools, partition: "q" })).toBeUndefined();
  });

  it("takes nothing from an epoch that is over, and gives it nothing", async () => {
    const all = new EpochCache(undefined, "a");
    const first = await all.next();
    const second = await all.next();
    await first.set(read, entry);
    expect(await second.get(read)).toBeUndefined();
    await second.set(read, entry);
    expect(await first.get(read)).toBeUndefined();
    await first.delete(read);
    await first.evict(read.method);
    await first.clear();
    expect(await second.get(read)).toMatchObject(entry);
  });

  it("may be in one store for several servers, and is each one's own", async () => {
    const store = new InMemoryResponseCacheStore();
    const [a, b] = [await new EpochCache({ store }, "a").next(), await new EpochCache({ store }, "b").next()];
    await a.set(read, entry);
    expect(await b.get(read)).toBeUndefined();
    await b.delete(read);
    expect(await a.get(read)).toMatchObject(entry);
  });

  it("may be off: then only definitions are kept, for checks", async () => {
    const cache = await new EpochCache(false, "a").next();
    for (const key of [read, tools]) await cache.set(key, entry);
    expect(await cache.get(read)).toBeUndefined();
    expect(await cache.get(tools)).toMatchObject({ expiresAt: 0 });
  });
});
