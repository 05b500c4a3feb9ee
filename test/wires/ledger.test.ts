import { describe, expect, it } from "vitest";
import type { CallTag } from "../../src/wires/call-tag.js";
import { Ledger } from "../../src/wires/ledger.js";

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
    expect(ledger.working()).toEqual([{ session, origin: { request: { mcpReq: { id: 7 } }, client } }]);
    expect(ledger.working()?.[0]?.session).toBe(session);
    ledger.late(1);
    expect(ledger.working()).toEqual([]);
  });
});
