import { describe, expect, it } from "vitest";
import { Limit } from "../../../src/wires/http/limit.js";

describe("a limit", () => {
  it("lets so many in, and the others in their order as there is room", () => {
    const limit = new Limit(2);
    const inside: number[] = [];
    const guests = Array.from({ length: 5 }, (_, i) => ({ enter: () => void inside.push(i) }));
    for (const guest of guests) limit.come(guest);
    expect(inside).toEqual([0, 1]);
    // One that waits goes, and is never let in.
    limit.leave(guests[2]!);
    limit.leave(guests[1]!);
    expect(inside).toEqual([0, 1, 3]);
    // Whoever leaves twice makes room once.
    limit.leave(guests[1]!);
    expect(inside).toEqual([0, 1, 3]);
    limit.leave(guests[0]!);
    limit.leave(guests[3]!);
    expect(inside).toEqual([0, 1, 3, 4]);
  });
});
