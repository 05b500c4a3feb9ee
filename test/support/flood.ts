import { expect, vi } from "vitest";
import type { UnaskedRule, Wire } from "../../src/contract/wire.js";
import { until } from "./settling.js";

/** What a guard sets; `onFlood` is to be awaited. Half a second's messages at once are allowed. */
export function rule(perSecond: number) {
  const onFlood = vi.fn();
  return { perSecond, isAsked: (message) => !("method" in message), onFlood } satisfies UnaskedRule;
}

/** Lets a flood begin on the wire, and sees that no more of it is heard than may be. */
export async function heardAtItsRate(
  { wire, heard }: { wire: Wire; heard: readonly unknown[] },
  begin: () => Promise<void>,
): Promise<void> {
  const unasked = rule(200);
  wire.unasked = unasked;
  const began = performance.now();
  await begin();
  await until(() => unasked.onFlood.mock.calls.length > 3);
  const seconds = (performance.now() - began) / 1_000;
  expect(heard.length).toBeLessThanOrEqual(100 + 200 * seconds + 41);
}
