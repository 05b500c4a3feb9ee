import { expect, it, vi } from "vitest";
import type { UnaskedRule } from "../../src/contract/wire.js";
import { until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";

/** What a guard sets; `onFlood` is to be awaited. */
function rule(perSecond: number) {
  const onFlood = vi.fn();
  return { perSecond, isAsked: (message) => !("method" in message), onFlood } satisfies UnaskedRule;
}

const FLOOD = `yes '{"jsonrpc":"2.0","method":"notifications/x"}'`;

it("a process that floods is read at the rate that it may have, so that its pipe is full and it waits", async () => {
  const { wire, heard } = shell(FLOOD);
  const unasked = rule(200);
  wire.unasked = unasked;
  const began = performance.now();
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 3);
  const seconds = (performance.now() - began) / 1_000;
  expect(heard.length).toBeLessThanOrEqual(100 + 200 * seconds + 41);
});

it("a flood on stderr counts, and what its server says meanwhile is heard all the same", async () => {
  const { wire, heard } = shell(`yes >&2 & sleep 0.1; ${says("hello")}; wait`);
  const unasked = rule(200);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 1 && heard.length === 1);
});

it("what a server said last is read to its end, in its order, though it is more than it may send", async () => {
  const { wire, heard, closed } = shell(
    `i=0; while [ $i -lt 400 ]; do ${says("notifications/$i")}; i=$((i+1)); done`,
  );
  wire.unasked = rule(20);
  await wire.start();
  await closed;
  expect(heard.map(({ method }) => method)).toEqual(
    Array.from({ length: 400 }, (_, i) => `notifications/${i}`),
  );
});

it("a wire is closed in the middle of a flood", async () => {
  const { wire, closed } = shell(FLOOD);
  const unasked = rule(20);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 0);
  await wire.close();
  await closed;
});
