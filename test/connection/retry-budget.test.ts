import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../src/connection/retry-budget.js";

describe("the retry budget of a connection", () => {
  it("bounds a burst, and refills with time", () => {
    let now = 0;
    const budget = new RetryBudget({ now: () => now, setTimeout: () => 0, clearTimeout: () => {} });
    const taken = () => Array.from({ length: 1_000 }, () => budget.take()).filter(Boolean).length;
    expect(taken()).toBe(100);
    expect(taken()).toBe(0);
    now += 2_000;
    expect(taken()).toBe(20);
    now += 3_600_000;
    expect(taken()).toBe(100);
  });
});
