import { expect, it, vi } from "vitest";
import { TokenCache } from "../../../src/auth/credentials/token-cache.js";
import { memoryStore } from "../../../src/auth/store/memory.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import { eventually } from "../../support/settling.js";

const SERVER = "https://server.test/mcp";
const credential = (token: string, more: Partial<StoredCredential> = {}): StoredCredential => ({
  server: SERVER,
  issuer: "https://issuer.test",
  client: "registered:holdfast",
  tokens: { access_token: token, token_type: "bearer", scope: "a" },
  savedAt: Date.now(),
  ...more,
});

it.each([
  ["that has all that is asked for", {}, "a offline_access", true],
  ["that was asked for all, and was granted a part", { asked: "a b" }, "a b", true],
  ["with less scope, as after a refresh", { asked: "a" }, "a b", false],
  ["of another authorization server", { issuer: "https://other.test" }, "a", false],
  ["that has expired", { expiresAt: Date.now() - 1 }, "a", false],
  ["of another client", { client: "id:other" }, "a", false],
])("a sign-in elsewhere is one %s", async (_which, more, scope, taken) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const store = memoryStore();
  const cache = new TokenCache(store, SERVER, "registered:holdfast");
  await cache.save(credential("t-1"));
  const over = new AbortController();
  const settled = vi.fn();
  const waiting = cache.elsewhere(scope, "https://issuer.test", over.signal).then(settled);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(settled).not.toHaveBeenCalled();
  await store.update(SERVER, ({ save }) => save([credential("t-2", more)]));
  await vi.advanceTimersByTimeAsync(1_500);
  expect(settled).toHaveBeenCalledTimes(taken ? 1 : 0);
  over.abort();
  if (taken) await waiting;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("what the store did not take stands, until somebody stores another", async () => {
  const store = memoryStore();
  const full = { ...store, update: () => Promise.reject(new Error("no space left")) };
  const cache = new TokenCache(full, SERVER, "registered:holdfast");
  await expect(cache.save(credential("t-1"))).rejects.toThrow("no space left");
  await cache.load();
  expect(cache.token).toBe("t-1");
  await store.update(SERVER, ({ save }) => save([credential("t-2")]));
  await cache.load();
  expect(cache.token).toBe("t-2");
});

it("a read that is overtaken by a refresh does not bring the old token back", async () => {
  const store = memoryStore();
  const reads: (() => void)[] = [];
  const slow = {
    ...store,
    async list(server: string) {
      const stored = await store.list(server);
      await new Promise<void>((resolve) => reads.push(resolve));
      return stored;
    },
  };
  const cache = new TokenCache(slow, SERVER, "registered:holdfast");
  await cache.save(credential("t-1"));
  const early = cache.load();
  await eventually(() => expect(reads).toHaveLength(1));
  await cache.save(credential("t-2"));
  reads[0]!();
  await early;
  expect(cache.token).toBe("t-2");
  // Nor does one that is overtaken by a later read.
  const first = cache.load();
  await eventually(() => expect(reads).toHaveLength(2));
  await store.update(SERVER, ({ save }) => save([credential("t-3")]));
  const second = cache.load();
  await eventually(() => expect(reads).toHaveLength(3));
  reads[2]!();
  await second;
  reads[1]!();
  await first;
  expect(cache.token).toBe("t-3");
});
