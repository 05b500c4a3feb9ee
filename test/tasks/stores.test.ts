import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { StoredTask, TaskStore } from "../../src/contract/tasks.js";
import { fileTaskStore } from "../../src/tasks/file-store.js";
import { memoryTaskStore } from "../../src/tasks/memory-store.js";
import { rejection } from "../support/settling.js";
import { temporary } from "../support/temporary.js";

const task = (taskId: string, more: Partial<StoredTask> = {}): StoredTask => ({
  server: "s",
  era: "modern",
  taskId,
  tool: "t",
  createdAt: new Date().toISOString(),
  ttlMs: null,
  ...more,
});

const add = (store: TaskStore, ...tasks: StoredTask[]) => store.update((stored) => [...stored, ...tasks]);
const ids = async (store: TaskStore) => (await store.list()).map(({ taskId }) => taskId);

it.each([
  ["memory", memoryTaskStore],
  ["a file", () => fileTaskStore(join(temporary(), "tasks.json"))],
])("a store in %s keeps tasks until their server forgets them, and not too many", async (_where, make) => {
  const store = make();
  const old = { createdAt: new Date(Date.now() - 10_000).toISOString() };
  expect(await store.list()).toEqual([]);
  await add(
    store,
    task("over", { ...old, ttlMs: 9_000 }),
    task("open", { ...old, ttlMs: 3_600_000 }),
    task("any", old),
  );
  expect(await ids(store)).toEqual(["open", "any"]);
  await store.update((stored) => stored.filter(({ taskId }) => taskId !== "open"));
  expect(await ids(store)).toEqual(["any"]);
  // No server keeps a task for no time.
  await add(store, task("zero", { ...old, ttlMs: 0 }));
  expect(await ids(store)).toEqual(["any", "zero"]);
  await add(store, ...Array.from({ length: 1_000 }, (_, i) => task(String(i))));
  const kept = await ids(store);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, "0", "999"]);
});

it("what a store in memory gave out is a copy", async () => {
  const store = memoryTaskStore();
  await add(store, task("1"));
  const [given] = await store.list();
  given!.tool = "another";
  expect((await store.list())[0]!.tool).toBe("t");
});

it("a file is its user's alone, and updates from all sides are all in it", async () => {
  const path = join(temporary(), "deep", "tasks.json");
  const stores = [fileTaskStore(path), fileTaskStore(path)];
  await Promise.all(Array.from({ length: 8 }, (_, i) => add(stores[i % 2]!, task(String(i)))));
  expect((await ids(stores[0]!)).toSorted()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(path, ".."))).toEqual(["tasks.json"]);
});

it.skipIf(process.platform === "win32")(
  "a file that others may read, or that is none of ours, is not used and not touched",
  async () => {
    const path = join(temporary(), "tasks.json");
    const store = fileTaskStore(path);
    for (const text of ["no JSON", '{"version":1,"tasks":[{}]}', '{"version":2,"tasks":[]}']) {
      writeFileSync(path, text, { mode: 0o600 });
      const error = await rejection(store.update((stored) => stored));
      expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "taskStore" });
      expect(String(error)).toMatch(
        /cannot be read: it is no task store; name another file, or remove this one/,
      );
    }
    writeFileSync(path, '{"version":1,"tasks":[]}');
    chmodSync(path, 0o644);
    expect(await rejection(store.list())).toMatchObject({ code: "CONFIG_INVALID", path: "taskStore" });
    expect(existsSync(path)).toBe(true);
  },
);
