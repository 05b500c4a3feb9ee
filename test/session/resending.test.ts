import type { RequestOptions } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { runCall } from "../../src/session/call.js";
import { tagOf } from "../support/call-tag.js";
import { clientOf, FakeLink, failing, lostAs, READ, readyWith, specOf } from "../support/fake-link.js";
import { rejection, settled } from "../support/settling.js";

describe("a lost call is sent again", () => {
  it("where it only reads, and that is announced", async () => {
    const link = new FakeLink();
    const send = failing([lostAs("unknown")]);
    expect(await runCall(link, specOf(READ), send)).toBe("sending 2");
    expect(link.announced).toEqual([{ type: "request.resent", method: "tools/list", outcome: "unknown" }]);
  });

  it("where it was not sent, under its name", async () => {
    const link = new FakeLink();
    expect(await runCall(link, specOf(), failing([lostAs("not-sent")]))).toBe("sending 2");
    expect(link.announced).toEqual([
      { type: "request.resent", method: "tools/call", outcome: "not-sent", name: "it" },
    ]);
  });

  it("where the tool says that it may be, and its word is trusted", async () => {
    const tools = [{ name: "it", annotations: { idempotentHint: true } }];
    const link = new FakeLink();
    link.lists.note("tools/list", { tools });
    expect(await runCall(link, specOf(), failing([lostAs("unknown")]))).toBe("sending 2");
    link.trustAnnotations = false;
    expect(await rejection(runCall(link, specOf(), failing([lostAs("unknown")])))).toMatchObject({
      outcome: "unknown",
    });
  });

  it("where the transport says always, unless the caller says never", async () => {
    const link = new FakeLink();
    link.replay = "always";
    expect(await runCall(link, specOf(), failing([lostAs("unknown")]))).toBe("sending 2");
    const never = specOf({ options: { replay: "never" } });
    expect(await rejection(runCall(link, never, failing([lostAs("not-sent")])))).toMatchObject({
      outcome: "not-sent",
    });
  });

  it("five times at most", async () => {
    const send = failing(Array.from({ length: 9 }, () => lostAs("not-sent")));
    expect(await rejection(runCall(new FakeLink(), specOf(), send))).toMatchObject({ outcome: "not-sent" });
    expect(send).toHaveBeenCalledTimes(5);
  });

  it("only while the connection can afford it, unless it was not sent", async () => {
    const link = new FakeLink();
    while (link.budget.take());
    expect(await rejection(runCall(link, specOf(READ), failing([lostAs("unknown")])))).toMatchObject({
      code: "CONNECTION_LOST",
    });
    expect(await runCall(link, specOf(READ), failing([lostAs("not-sent")]))).toBe("sending 2");
  });

  it("with what is left of its time, through the connection that there is then", async () => {
    const link = new FakeLink();
    const second = readyWith(clientOf({ second: true }), 2);
    link.whenReady.mockResolvedValue(second);
    const send = vi.fn(async (client: unknown, options: RequestOptions) => {
      if (send.mock.calls.length > 1) return { client, timeout: options.timeout };
      link.ready = undefined;
      link.clock.advance(400);
      throw lostAs("not-sent");
    });
    expect(await runCall(link, specOf(), send)).toEqual({ client: second.client, timeout: 600 });
  });

  it("not any more when its time is over", async () => {
    const link = new FakeLink();
    const send = vi.fn(async () => {
      link.clock.advance(1_000);
      throw lostAs("not-sent");
    });
    const call = rejection(runCall(link, specOf(), send));
    await settled();
    link.clock.advance(0);
    expect(await call).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("as one whose first sending counts for nothing any more", async () => {
    const written: number[] = [];
    const send = vi.fn(async (_client: unknown, options: RequestOptions) => {
      written.push(tagOf(options).written);
      tagOf(options).written = 1;
      if (written.length === 1) throw lostAs("unknown");
      return "done";
    });
    await runCall(new FakeLink(), specOf(READ), send);
    expect(written).toEqual([0, 0]);
  });

  it("where the Client was not connected any more when it was sent", async () => {
    expect(await runCall(new FakeLink(), specOf(), failing([new Error("Not connected")]))).toBe("sending 2");
    const never = specOf({ options: { replay: "never" } });
    const told = async (link: FakeLink) =>
      ((await rejection(runCall(link, never, failing([new Error("Not connected")])))) as Error).message;
    expect(await told(new FakeLink())).toContain('"it" was lost: not connected. It was not sent');
    const link = new FakeLink();
    Object.assign(link.ready!.guard, { down: { code: "CONNECTION_LOST", message: "it was killed" } });
    expect(await told(link)).toContain("was lost: it was killed.");
    const other = { message: "Not connected" };
    expect(await rejection(runCall(link, specOf(), failing([other])))).toBe(other);
  });
});
