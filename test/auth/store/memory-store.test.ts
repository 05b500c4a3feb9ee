import { describe, expect, it, vi } from "vitest";
import { memoryStore } from "../../../src/auth/store/memory.js";
import { credential, gate, numberOf, SERVER } from "../../support/credentials.js";

describe("a store in memory", () => {
  it("is empty at first, and nobody else's", async () => {
    const store = memoryStore();
    await store.update(SERVER, ({ save }) => save([credential(1)]));
    expect(await memoryStore().list(SERVER)).toEqual([]);
    expect(await store.list("https://other.example")).toEqual([]);
    expect(await store.list(SERVER)).toEqual([credential(1)]);
  });

  it("lists the newest first, and gives them so to an update", async () => {
    const store = memoryStore();
    await store.update(SERVER, async (update) => {
      expect(update.stored).toEqual([]);
      await update.save([credential(1), credential(3), credential(2)]);
      expect(update.stored.map((stored) => stored.savedAt)).toEqual([3, 2, 1]);
    });
    expect((await store.list(SERVER)).map((stored) => stored.savedAt)).toEqual([3, 2, 1]);
    await store.update(SERVER, async ({ stored }) => expect(numberOf(stored)).toBe(3));
  });

  it("keeps copies", async () => {
    const store = memoryStore();
    const given = credential(1);
    await store.update(SERVER, async (update) => {
      await update.save([given]);
      given.savedAt = 2;
      (update.stored[0] as { savedAt: number }).savedAt = 3;
    });
    (await store.list(SERVER))[0]!.savedAt = 4;
    expect(await store.list(SERVER)).toEqual([credential(1)]);
  });

  it("gives fifty who count at once a turn each", async () => {
    const store = memoryStore();
    const count = () =>
      store.update(SERVER, async ({ stored, save }) => {
        await Promise.resolve();
        await save([credential(numberOf(stored) + 1)]);
        return numberOf(stored);
      });
    const counts = await Promise.all(Array.from({ length: 50 }, count));
    expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(numberOf(await store.list(SERVER))).toBe(50);
  });

  it("lists while an update is under way, and updates another server", async () => {
    const store = memoryStore();
    const { open, opened } = gate();
    const update = store.update(SERVER, async ({ save }) => {
      await save([credential(1)]);
      await opened;
    });
    expect(await store.update("https://other.example", async () => "done")).toBe("done");
    expect(numberOf(await store.list(SERVER))).toBe(1);
    open();
    await update;
  });

  it("waits no longer than it is told to", async () => {
    const store = memoryStore();
    const { open, opened } = gate();
    const first = store.update(SERVER, () => opened);
    const controller = new AbortController();
    const never = vi.fn();
    const second = store.update(SERVER, never, controller.signal);
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    open();
    await first;
    expect(never).not.toHaveBeenCalled();
  });
});

describe("a turn", () => {
  it("ends with the saves that it did not wait for, in their order", async () => {
    const store = memoryStore();
    const saves: Promise<void>[] = [];
    await store.update(SERVER, async ({ save }) => {
      saves.push(save([credential(2)]), save([credential(1)]));
    });
    expect(numberOf(await store.list(SERVER))).toBe(1);
    await Promise.all(saves);
  });

  it("saves nothing after its end, also where it failed", async () => {
    const store = memoryStore();
    let late: (() => Promise<void>) | undefined;
    const update = store.update(SERVER, async ({ save }) => {
      late = () => save([credential(1)]);
      throw new Error("no");
    });
    await expect(update).rejects.toThrow("no");
    await expect(late?.()).rejects.toThrow("the turn at the store is over");
    expect(await store.list(SERVER)).toEqual([]);
  });

  it("goes on after a save that failed", async () => {
    const store = memoryStore();
    await store.update(SERVER, async (update) => {
      const wrong = { ...credential(1), tokens: () => {} } as never;
      await expect(update.save([wrong])).rejects.toThrow();
      expect(update.stored).toEqual([]);
      await update.save([credential(2)]);
    });
    expect(await store.list(SERVER)).toEqual([credential(2)]);
  });
});
