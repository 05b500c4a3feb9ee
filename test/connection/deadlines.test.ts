import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadlines, type Due } from "../../src/connection/calls/deadlines.js";

let deadlines: Deadlines<Due>;
const over: string[] = [];
const due = (name: string): Due => {
  const one = { until: 0, expire: () => void (deadlines.delete(one) && over.push(name)) };
  return one;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  deadlines = new Deadlines();
  over.length = 0;
});
afterEach(() => {
  deadlines.end();
  vi.useRealTimers();
});

describe("many deadlines with one timer", () => {
  it("end each at its time, whatever their order", async () => {
    for (const [name, ms] of [["c", 300] as const, ["a", 100] as const, ["b", 200] as const])
      deadlines.add(due(name), ms);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(over).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(over).toEqual(["a", "b", "c"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("end none before its time, where one before it ended at a part of a millisecond", async () => {
    deadlines.add(due("first"), 0.5);
    deadlines.add(due("second"), 50);
    await vi.advanceTimersByTimeAsync(49);
    expect(over).toEqual(["first"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toEqual(["first", "second"]);
  });

  it("of one millisecond end in the order in which they began, each in a turn of its own", async () => {
    const names = ["a", "b", "c"];
    for (const name of names) {
      const one = due(name);
      const { expire } = one;
      one.expire = () => {
        expire();
        void Promise.resolve().then(() => over.push(`then ${name}`));
      };
      deadlines.add(one, 10);
    }
    await vi.advanceTimersByTimeAsync(10);
    expect(over).toEqual(names.flatMap((name) => [name, `then ${name}`]));
  });

  it("hold the program only while something waits", () => {
    const timers: NodeJS.Timeout[] = [];
    const { setTimeout: faked } = globalThis;
    vi.stubGlobal("setTimeout", (run: () => void, ms: number) => {
      const timer = faked(run, ms);
      timers.push(timer);
      return timer;
    });
    const [one, two] = [due("one"), due("two")];
    deadlines.add(one, 100);
    expect(deadlines.delete(one)).toBe(true);
    expect(deadlines.delete(one)).toBe(false);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    deadlines.add(two, 100);
    expect(timers.map((timer) => timer.hasRef())).toEqual([true]);
    vi.unstubAllGlobals();
  });

  it("leave no timer at their end, and say what waited", async () => {
    const one = due("one");
    deadlines.add(one, 100);
    expect(deadlines.end()).toEqual([one]);
    expect(vi.getTimerCount()).toBe(0);
    deadlines.delete(one);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(over).toEqual([]);
  });
});
