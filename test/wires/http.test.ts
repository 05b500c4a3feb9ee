import { describe, expect, it } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { holding } from "../support/credential.js";
import { json, networkFailure, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { httpWire } from "../support/http-wire.js";
import { rejection } from "../support/settling.js";

const result = { jsonrpc: "2.0", id: 1, result: {} };

describe("a request over HTTP", () => {
  it("is posted with the user's headers, the session and the version, and answered", async () => {
    const { wire, network, heard, open } = await httpWire(() => json(result), { headers: { "x-mine": "1" } });
    expect(wire.hasPerRequestStream).toBe(true);
    expect(wire.sessionId).toBeUndefined();
    await open("s-7");
    expect(wire.sessionId).toBe("s-7");
    wire.setProtocolVersion("2025-11-25");
    await wire.send(request(1));
    expect(heard).toEqual([result]);
    const [{ method, headers, url, body }] = network.asked as [(typeof network.asked)[0]];
    expect([method, url, JSON.parse(body!)]).toEqual(["POST", "http://server.test/mcp", request(1)]);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-mine": "1",
      "mcp-session-id": "s-7",
      "mcp-protocol-version": "2025-11-25",
    });
  });

  it("carries the token of its credential", async () => {
    const { wire, network } = await httpWire(() => json(result), { credential: holding(() => "t-1") });
    await wire.send(request(1));
    expect(network.asked[0]!.headers.get("authorization")).toBe("Bearer t-1");
  });

  it("that nobody waits for disturbs nobody", async () => {
    const { wire, network } = await httpWire(() => json(result));
    wire.onmessage = wire.onerror = wire.onclose = undefined;
    await wire.send(request(1));
    network.control.answer = () => refusal(500);
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 500 });
    await wire.close();
  });

  it("that the user's own fetch answers with a body that is read already fails alone", async () => {
    const used = json({ jsonrpc: "2.0", id: 1, result: {} });
    used.body?.getReader();
    const { wire } = await httpWire(() => used);
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      message: expect.stringContaining("locked"),
    });
  });

  it("over sockets of the user's own tells nothing of them", async () => {
    const { wire } = await httpWire(() => json(result));
    expect(wire.bytesRead).toBeUndefined();
    expect(await wire.alive(10)).toBe(false);
  });
});

describe("a request that fails on the network", () => {
  it("is a doubt, and what became of it is known by the system's word", async () => {
    const error = networkFailure("ECONNREFUSED");
    const { wire, network } = await httpWire(() => Promise.reject(error));
    const lost = (await rejection(wire.send(request(1)))) as Lost;
    expect(lost.failure.error).toBe(error);
    expect(wire.onDoubt).toHaveBeenCalledExactlyOnceWith(error);
    expect(wire.onerror).toHaveBeenCalledWith(error);
    expect(wire.outcomeOf(lost)).toBe("not-sent");
    const reset = networkFailure("ECONNRESET");
    network.control.answer = () => Promise.reject(reset);
    wire.onDoubt = undefined;
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      outcome: "unknown",
      failure: { error: reset },
    });
  });

  it("is no doubt where it is no failure of the network", async () => {
    const { wire } = await httpWire(() => refusal(500));
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ status: 500 });
    expect(wire.onDoubt).not.toHaveBeenCalled();
    expect(wire.outcomeOf(error)).toBeUndefined();
  });

  it("is nothing where the wire was closed by us", async () => {
    const error = networkFailure("ECONNRESET");
    const { wire } = await httpWire(async () => {
      await wire.close();
      throw error;
    });
    expect(await rejection(wire.send(request(1)))).toMatchObject({ message: "the wire is closed" });
    expect(wire.onDoubt).not.toHaveBeenCalled();
    expect(wire.onerror).not.toHaveBeenCalled();
  });
});

describe("a busy server", () => {
  it.each([429, 503])("that answers %i has refused, and says when to come back", async (status) => {
    const { wire } = await httpWire(() => refusal(status, { "retry-after": "7" }));
    const error = (await rejection(wire.send(request(1)))) as Lost;
    expect(error).toBeInstanceOf(Lost);
    expect(error).toMatchObject({
      outcome: "rejected",
      failure: { retryAfterMs: 7_000, details: { status } },
    });
    expect(error.ends).toBeUndefined();
    expect(wire.outcomeOf(error)).toBe("rejected");
  });

  it("that is busy no more is not taken for that", async () => {
    const { wire, network } = await httpWire(() => refusal(503, { "retry-after": "7" }));
    await rejection(wire.send(request(1)));
    network.control.answer = () => refusal(503);
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ status: 503 });
    expect(error).not.toBeInstanceOf(Lost);
  });
});

describe("a server that forgot the session", () => {
  const gone = {
    outcome: "rejected",
    ends: "now",
    failure: { code: "CONNECTION_LOST", message: "the server no longer knows the session (HTTP 404)" },
  };

  it("says 404: the request was refused, and the wire is lost with it", async () => {
    const { wire, open } = await httpWire(() => refusal(404));
    await open();
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject(gone);
    expect(wire.outcomeOf(error)).toBe("rejected");
  });

  it("has forgotten nothing where there was no session, or where the wire is closed", async () => {
    const { wire, open } = await httpWire(() => refusal(404));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 404 });
    await open();
    await wire.close();
    expect(await rejection(wire.send(request(1)))).toMatchObject({ outcome: "not-sent" });
  });

  it.each([400, 404])("says 400, and to a ping %i", async (status) => {
    const { wire, network, open } = await httpWire(({ body }) =>
      refusal(body!.includes('"ping"') ? status : 400),
    );
    await open();
    expect(await rejection(wire.send(request(1)))).toMatchObject(gone);
    expect(JSON.parse(network.asked.at(-1)!.body!)).toEqual({
      jsonrpc: "2.0",
      id: "holdfast-ping-1",
      method: "ping",
    });
    // Nothing more is sent under that session.
    expect(await rejection(wire.send(request(2)))).toMatchObject({ outcome: "not-sent", ends: "soon" });
    expect(network.asked).toHaveLength(2);
  });

  it.each([
    ["answers the ping", () => json({ jsonrpc: "2.0", id: "holdfast-ping-1", result: {} })],
    ["fails at the ping", () => refusal(500)],
  ])("did not forget it where it says 400 and %s: it does not take the request", async (_what, pong) => {
    const { wire, open } = await httpWire(({ body }) => (body!.includes('"ping"') ? pong() : refusal(400)));
    await open();
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 400 });
  });

  it("did not forget it where the ping fails on the network", async () => {
    const { wire, open } = await httpWire(({ body }) => {
      if (body!.includes('"ping"')) throw networkFailure("ECONNRESET");
      return refusal(400);
    });
    await open();
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 400 });
  });

  it.each([401, 403, 500])("is not asked for it where it says %i", async (status) => {
    const { wire, network, open } = await httpWire(() => refusal(status));
    await open();
    expect(await rejection(wire.send(request(1)))).not.toBeInstanceOf(Lost);
    expect(network.asked).toHaveLength(1);
  });
});
