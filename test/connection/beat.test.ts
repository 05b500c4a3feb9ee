import { expect, it } from "vitest";
import { onBeat } from "../../src/connection/beat.js";
import { ManualClock } from "../support/manual-clock.js";

function looks(clock: ManualClock, names: string[], ms = 5_000) {
  const seen: string[] = [];
  const ends = names.map((name) => onBeat(clock, ms, () => seen.push(name)));
  return { seen, ends };
}

const named = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);

it("a few connections look together, at the beat", () => {
  const clock = new ManualClock();
  const { seen, ends } = looks(clock, named(25));
  expect(clock.waits).toEqual([5_000]);
  clock.advance(4_999);
  expect(seen).toEqual([]);
  clock.advance(1);
  expect(seen).toEqual(named(25));
  clock.advance(5_000);
  expect(seen).toEqual([...named(25), ...named(25)]);
  for (const end of ends) end();
  expect(clock.waits).toEqual([]);
});

it("hundreds of idle connections have one timer, look a few at a time, and each as often as it wants", () => {
  const clock = new ManualClock();
  const { seen, ends } = looks(clock, named(200));
  clock.advance(5_000);
  // The first wait began when there was one.
  for (let wake = 0; wake < 16; wake++) {
    expect(clock.waits).toHaveLength(1);
    const before = seen.length;
    clock.advance(625);
    expect(seen.length - before).toBe(25);
  }
  expect(seen.slice(25, 425)).toEqual([...named(200).slice(25), ...named(200), ...named(25)]);
  for (const end of ends) end();
  expect(clock.waits).toEqual([]);
});

it("one that comes later looks with the others, and one that is ended does not", () => {
  const clock = new ManualClock();
  const { seen, ends } = looks(clock, ["first", "second"]);
  clock.advance(4_000);
  const late = looks(clock, ["late"]);
  ends[0]!();
  clock.advance(1_000);
  expect([...seen, ...late.seen]).toEqual(["second", "late"]);
});

it("one that another ends within the same beat does not look any more", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  onBeat(clock, 10, () => end());
  const end = onBeat(clock, 10, () => seen.push("ended"));
  clock.advance(10);
  expect(seen).toEqual([]);
});

it("goes on after one that fails", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  let fails = true;
  onBeat(clock, 10, () => {
    if (fails) throw new Error("once");
  });
  onBeat(clock, 10, () => seen.push("looked"));
  expect(() => clock.advance(10)).toThrow("once");
  fails = false;
  clock.advance(10);
  expect(seen).toEqual(["looked"]);
});

it("has a beat for each length and each clock, and begins anew after the last one ended", () => {
  const clock = new ManualClock();
  const { ends } = looks(clock, ["slow"]);
  looks(clock, ["quick"], 200);
  looks(new ManualClock(), ["elsewhere"]);
  expect(clock.waits).toEqual([200, 5_000]);
  clock.advance(3_000);
  ends[0]!();
  ends[0]!();
  const again = looks(clock, ["again"]);
  clock.advance(4_999);
  expect(again.seen).toEqual([]);
  clock.advance(1);
  expect(again.seen).toEqual(["again"]);
});

it("each looks once a beat, also where there is one more than look together", () => {
  const clock = new ManualClock();
  const { seen, ends } = looks(clock, named(26));
  clock.advance(10_000);
  const before = seen.length;
  for (let wake = 0; wake < 40; wake++) clock.advance(2_500);
  expect(seen.length - before).toBe(20 * 26);
  for (const end of ends) end();
});
