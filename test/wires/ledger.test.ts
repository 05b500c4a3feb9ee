import { describe, expect, it } from "vitest";
import type { CallTag } from "../../src/wires/call-tag.js";
import { Ledger } from "../../src/wires/ledger.js";
import { isCollected } from "../support/collected.js";

describe("what is kept of a call that was given up", () => {
  it("is whose it was, and none of what it was made with", () => {
    const session = {};
    const client = {};
    const request = { mcpReq: { id: 7 }, body: "large" };
    const call = { session, origin: { request, client }, written: 1, repeatable: false } as object as CallTag;
    const ledger = new Ledger();
    const entry = {
      method: "tools/call",
      modern: false,
      call,
      onAnswer: undefined,
      stream: undefined,
      parked: false,
    };
    ledger.add(1, entry);
    ledger.abandon(1);
    const given = { session, origin: { request: { mcpReq: { id: 7 } }, client, over: true } };
    expect(ledger.working()).toEqual([given]);
    expect(ledger.working()?.[0]?.session).toBe(session);
    // Its server may never answer it; the newest call that somebody waits for is the last one.
    ledger.add(2, entry);
    expect(ledger.working()).toEqual([given, call]);
    ledger.remove(2);
    ledger.late(1);
    expect(ledger.working()).toEqual([]);
  });

  it("keeps no session that everybody else has let go, and knows whose it was", async () => {
    const answer = () => ({});
    const ledger = new Ledger();
    const sent = {
      method: "tools/call",
      modern: false,
      onAnswer: undefined,
      stream: undefined,
      parked: false,
    };
    const abandonTwo = () => {
      const session = { owner: (method: string) => (method === "elicitation/create" ? answer : undefined) };
      const client = {};
      for (const id of [1, 2]) {
        const origin = { request: { mcpReq: { id } }, client };
        ledger.add(id, {
          ...sent,
          call: { session, origin, written: 1, repeatable: false } as object as CallTag,
        });
        ledger.abandon(id);
      }
      return [new WeakRef<object>(session), new WeakRef<object>(client)];
    };
    for (const ref of abandonTwo()) expect(await isCollected(ref)).toBe(true);
    const [one, two] = ledger.working()!;
    expect(one!.session).toBe(two!.session);
    expect(one!.origin!.client).toBe(two!.origin!.client);
    expect((one!.session as { owner(method: string): unknown }).owner("elicitation/create")).toBe(answer);
  });
});
