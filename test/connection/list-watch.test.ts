import { describe, expect, it } from "vitest";
import { changedKind, type Differences, ListWatch } from "../../src/connection/list-watch.js";
import { ManualClock } from "../support/manual-clock.js";

const difference = { added: ["a"], removed: [], changed: [] };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function watch(read: () => Promise<Differences> | undefined) {
  const clock = new ManualClock();
  const told: unknown[] = [];
  let reads = 0;
  const lists = new ListWatch({
    clock,
    read: () => {
      reads++;
      return read();
    },
    deliver: (kind, differences) => told.push([kind, differences]),
  });
  return { clock, told, lists, reads: () => reads };
}

describe("a server that says that a list changed", () => {
  it.each([
    ["notifications/tools/list_changed", "tools"],
    ["notifications/prompts/list_changed", "prompts"],
    ["notifications/resources/list_changed", "resources"],
    ["notifications/roots/list_changed", undefined],
    ["notifications/message", undefined],
  ])("by %s: %s", (method, kind) => {
    expect(changedKind(method)).toBe(kind);
  });

  it("is told on at once where nobody knows the list, and with the difference where somebody does", async () => {
    const unknown = watch(() => undefined);
    unknown.lists.heard("tools");
    await turn();
    expect(unknown.told).toEqual([["tools", undefined]]);
    const known = watch(async () => ({ tools: difference }));
    known.lists.heard("tools");
    known.lists.heard("prompts");
    await turn();
    expect(known.told).toEqual([
      ["tools", { tools: difference }],
      ["prompts", { tools: difference }],
    ]);
  });

  it("is told on without the difference where the list is lost or late", async () => {
    const lost = watch(() => Promise.reject(new Error("gone")));
    lost.lists.heard("tools");
    await turn();
    expect(lost.told).toEqual([["tools", undefined]]);
    const late = watch(() => new Promise(() => {}));
    late.lists.heard("tools");
    late.clock.advance(1_999);
    await turn();
    expect(late.told).toEqual([]);
    late.clock.advance(1);
    await turn();
    expect(late.told).toEqual([["tools", undefined]]);
  });

  it.each([
    ["nothing is different", {}],
    ["each time something is", { tools: difference }],
  ])("again and again is heard less and less often: %s", async (_, differences) => {
    const same = watch(async () => differences);
    const rounds = async (watching: typeof same, ms: number) => {
      const before = watching.reads();
      for (let at = 0; at < ms; at += 50) {
        watching.lists.heard("tools");
        await turn();
        watching.clock.advance(50);
        await turn();
      }
      return watching.reads() - before;
    };
    expect(await rounds(same, 4_000)).toBe(5);
    expect(await rounds(same, 20_000)).toBe(4);
  });

  it("is heard at once again after it was quiet, and loses nothing that came meanwhile", async () => {
    const { clock, told, lists } = watch(async () => ({ tools: difference }));
    lists.heard("tools");
    await turn();
    lists.heard("tools");
    await turn();
    expect(told).toHaveLength(1);
    clock.advance(250);
    await turn();
    expect(told).toHaveLength(2);
    clock.advance(500);
    expect(clock.waits).toEqual([]);
    lists.heard("tools");
    await turn();
    expect(told).toHaveLength(3);
  });

  it("is not told on after the end, and no timer stays", async () => {
    const { clock, told, lists } = watch(async () => ({}));
    lists.heard("tools");
    lists.stop();
    await turn();
    expect(told).toEqual([]);
    lists.heard("tools");
    await turn();
    expect(clock.waits).toHaveLength(1);
    lists.stop();
    expect(clock.waits).toEqual([]);
  });
});
