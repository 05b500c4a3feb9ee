import { expect, it } from "vitest";
import { merged } from "../../src/base/merged.js";

it("the later ones win, and what is undefined is nothing", () => {
  const key = Symbol("key");
  const first = { a: 1, b: 2 };
  expect(merged(first, { b: 3, [key]: 4 }, undefined)).toEqual({ a: 1, b: 3, [key]: 4 });
  expect(first).toEqual({ a: 1, b: 2 });
  expect(merged(undefined, { c: 5 })).toEqual({ c: 5 });
});

it("a field __proto__ makes nothing inherited", () => {
  const evil = JSON.parse('{"a":1,"__proto__":{"timeout":5}}');
  for (const all of [merged(evil, { b: 2 }), merged({ b: 2 }, evil)]) {
    expect(Object.getPrototypeOf(all)).toBe(Object.prototype);
    expect(all).toEqual({ a: 1, b: 2 });
  }
});
