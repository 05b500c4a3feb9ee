import { expect, it, vi } from "vitest";
import { guarded } from "../support/hand-made-wire.js";

const answer = (id: number) => ({ jsonrpc: "2.0" as const, id, result: {} });

it("answers that the server does not read are left out where a thousand wait, with a warning, and sent again once there is room", async () => {
  const taken: (() => void)[] = [];
  const send = vi.fn(() => new Promise<void>((resolve) => taken.push(resolve)));
  const onWarning = vi.fn();
  const { guard } = await guarded({ send }, { onWarning });
  const sending = Array.from({ length: 1_000 }, (_, id) => guard.send(answer(id)));
  expect(onWarning).not.toHaveBeenCalled();
  for (let id = 1_000; id < 1_010; id++) await guard.send(answer(id));
  expect(send).toHaveBeenCalledTimes(1_000);
  expect(onWarning.mock.calls).toEqual([
    [expect.stringContaining("an answer to the server was left out: 1,000 others wait")],
    [expect.stringContaining("(10 times by now)")],
  ]);
  taken[0]!();
  await sending[0];
  sending.push(guard.send(answer(1_010)));
  expect(send).toHaveBeenCalledTimes(1_001);
  for (const take of taken) take();
  await Promise.all(sending);
});
