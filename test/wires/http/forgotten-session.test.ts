import { describe, expect, it, vi } from "vitest";
import { json, refusal } from "../../support/fake-fetch.js";
import { withFakeTimers } from "../../support/fake-timers.js";
import { request } from "../../support/hand-made-wire.js";
import { httpWire } from "../../support/http-wire.js";
import { isPending, quiet, rejection } from "../../support/settling.js";

withFakeTimers();

/** Two requests are on their way under one session; the server answers each as the test says. */
async function two() {
  const answers: ((response: Response) => void)[] = [];
  const made = await httpWire(() => new Promise<Response>((resolve) => answers.push(resolve)), {
    forgottenMs: 2_000,
  });
  await made.open();
  const sent = [1, 2].map((id) => {
    const sending = made.wire.send(request(id));
    sending.catch(() => {});
    return sending;
  });
  await quiet();
  return { ...made, answers, sent: sent as [Promise<void>, Promise<void>] };
}
const result = { jsonrpc: "2.0", id: 2, result: {} };

describe("a session that the server forgot while several requests run", () => {
  it("rejects the one that was refused, sends nothing more, and leaves the other its own answer", async () => {
    const { wire, answers, sent, heard, network } = await two();
    answers[0]!(refusal(404));
    expect(await rejection(sent[0])).toMatchObject({ outcome: "rejected", ends: "soon" });
    expect(await rejection(wire.send(request(3)))).toMatchObject({ outcome: "not-sent", ends: "soon" });
    expect(await isPending(sent[1])).toBe(true);
    expect(wire.onclose).not.toHaveBeenCalled();
    answers[1]!(json(result));
    await sent[1];
    await quiet();
    expect(heard).toEqual([result]);
    expect(wire.onclose).toHaveBeenCalledOnce();
    expect(wire.failure?.message).toContain("no longer knows the session");
    await wire.end();
    expect(network.made("DELETE")).toEqual([]);
  });

  it("ends at the bounded time for those that were not answered by then", async () => {
    const { wire, answers, sent } = await two();
    answers[0]!(refusal(404));
    await rejection(sent[0]);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(wire.onclose).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(wire.onclose).toHaveBeenCalledOnce();
    expect(await rejection(sent[1])).not.toMatchObject({ outcome: "rejected" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes its wire down with the last request that is refused", async () => {
    const { answers, sent } = await two();
    answers[0]!(refusal(404));
    await rejection(sent[0]);
    answers[1]!(refusal(404));
    expect(await rejection(sent[1])).toMatchObject({ outcome: "rejected", ends: "now" });
  });

  it("is asked about once, where several are refused with 400 and mean that", async () => {
    const { wire, answers, sent, network } = await two();
    for (const answer of answers.slice()) answer(refusal(400));
    await quiet();
    expect(network.asked.filter(({ body }) => body?.includes('"ping"'))).toHaveLength(1);
    answers.at(-1)!(refusal(404));
    for (const one of sent) expect(await rejection(one)).toMatchObject({ outcome: "rejected" });
    await quiet();
    expect(wire.onclose).toHaveBeenCalledOnce();
  });

  it("that was named anew meanwhile is not forgotten: the request goes again under the new name", async () => {
    const { wire, answers, sent } = await two();
    answers[1]!(json(result, { "mcp-session-id": "s-2" }));
    await sent[1];
    answers[0]!(refusal(404));
    const lost = await rejection(sent[0]);
    expect(lost).toMatchObject({ outcome: "rejected" });
    expect((lost as { ends?: string }).ends).toBeUndefined();
    await quiet();
    expect(wire.onclose).not.toHaveBeenCalled();
  });
});
