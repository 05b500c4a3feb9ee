import { expect, it } from "vitest";
import { Breaches } from "../../src/base/breaches.js";

it("what goes over a limit is told first, and each time that it has grown tenfold, also where many are noted at once", () => {
  const told: string[] = [];
  const breaches = new Breaches((message) => void told.push(message));
  for (let i = 0; i < 9; i++) breaches.note("one was left out");
  expect(told).toEqual(["one was left out"]);
  breaches.note("one was left out");
  breaches.note("one was left out", 3_000);
  for (let i = 0; i < 5; i++) breaches.note("one was left out");
  expect(told.slice(1)).toEqual([
    "one was left out (10 times by now)",
    "one was left out (3,010 times by now)",
  ]);
  told.length = 0;
  breaches.note("another was left out", 5);
  expect(told).toEqual(["another was left out (5 times by now)"]);
});
