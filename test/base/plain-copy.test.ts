import { describe, expect, it } from "vitest";
import { plainCopy } from "../../src/base/plain-copy.js";

describe("a plain copy", () => {
  it("is all that JSON can hold, and shares nothing of it", () => {
    const given = { a: [1, { b: null }, [true]], c: { d: "x", e: undefined } };
    const copy = plainCopy(given);
    expect(copy).toEqual(given);
    expect(Object.keys(copy.c)).toEqual(["d", "e"]);
    (copy.a[1] as { b: unknown }).b = 5;
    (copy.a[2] as unknown[]).push(6);
    copy.c.d = "y";
    expect(given).toEqual({ a: [1, { b: null }, [true]], c: { d: "x", e: undefined } });
    for (const same of [undefined, null, 1, "x", true]) expect(plainCopy(same)).toBe(same);
  });

  it("has a field called __proto__ as any other, and no other prototype", () => {
    const given = JSON.parse('{"__proto__":{"a":[1]}}');
    const copy = plainCopy(given);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":[1]}}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    const inside = (of: object) => Object.getOwnPropertyDescriptor(of, "__proto__")?.value;
    expect(inside(copy)).not.toBe(inside(given));
  });

  it("keeps the holes of a list", () => {
    // biome-ignore lint/suspicious/noSparseArray: in memory a server may have one.
    expect(0 in plainCopy([, 1])).toBe(false);
  });

  it("has what JSON cannot hold as it is", () => {
    class Own {}
    const given = { own: new Own(), date: new Date(0), run: () => 1 };
    const copy = plainCopy(given);
    expect(copy.own).toBe(given.own);
    expect(copy.date).toBe(given.date);
    expect(copy.run).toBe(given.run);
  });

  it("ends for what holds itself, and for what is nested without end", () => {
    const circle: { self?: object[]; run?: () => void } = {};
    circle.self = [circle, circle];
    const copy = plainCopy(circle);
    expect(copy).not.toBe(circle);
    expect(copy.self![0]).toBe(copy);
    let deep: unknown[] = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(plainCopy(deep)).toHaveLength(1);
    // Nothing can copy this one.
    circle.run = () => {};
    expect(plainCopy(circle)).toBe(circle);
  });
});
