import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backoffDelay,
  clampDelay,
  DEFAULT_BACKOFF,
  MAX_DELAY_MS,
  mayRetry,
} from "../../src/machines/backoff.js";

describe("the backoff", () => {
  it("tries again at once, then after a random part of a doubling bound", () => {
    const bounds = [1, 2, 3, 4, 5].map((failed) => backoffDelay(failed, 1, DEFAULT_BACKOFF));
    expect(bounds).toEqual([0, 250, 500, 1000, 2000]);
    expect(backoffDelay(0, 0.9, DEFAULT_BACKOFF)).toBe(0);
    expect(backoffDelay(3, 0.5, DEFAULT_BACKOFF)).toBe(250);
    expect(backoffDelay(60, 1, DEFAULT_BACKOFF)).toBe(30_000);
  });

  it("never gives a delay that a timer would take for none", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double(),
        fc.double(),
        (n, random, baseMs, capMs) => {
          const delay = backoffDelay(n, random, { baseMs, capMs });
          expect(delay >= 0 && delay <= MAX_DELAY_MS).toBe(true);
        },
      ),
    );
    expect(MAX_DELAY_MS).toBe(2_147_483_647);
    expect([Number.NaN, -1, Number.POSITIVE_INFINITY, 7].map(clampDelay)).toEqual([0, 0, MAX_DELAY_MS, 7]);
  });

  it("ends with the attempts or the time that were allowed", () => {
    expect(mayRetry(1_000_000, 1e12, DEFAULT_BACKOFF)).toBe(true);
    expect([1, 2, 3].map((failed) => mayRetry(failed, 0, { ...DEFAULT_BACKOFF, maxAttempts: 3 }))).toEqual([
      true,
      true,
      false,
    ]);
    expect([10, 50].map((elapsed) => mayRetry(1, elapsed, { ...DEFAULT_BACKOFF, maxElapsedMs: 50 }))).toEqual(
      [true, false],
    );
  });
});
