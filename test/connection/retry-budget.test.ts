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

  it("counts what was lost with one connection once, so that a thousand calls survive its loss", () => {
    const budget = new RetryBudget({ now: () => 0, setTimeout: () => 0, clearTimeout: () => {} });
    const taken = (epoch?: number) => Array.from({ length: 1_000 }, () => budget.take(epoch)).filter(Boolean);
    expect(taken(1)).toHaveLength(1_000);
    expect(taken(2)).toHaveLength(1_000);
    expect(taken()).toHaveLength(98);
    expect(taken(2)).toHaveLength(1_000);
    expect(taken(3)).toHaveLength(0);
  });
});
