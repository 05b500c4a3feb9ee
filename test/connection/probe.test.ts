import { ProtocolError, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { answersPing, probe } from "../../src/connection/probe.js";
import type { Ready } from "../../src/session/ports.js";
import { lostAs } from "../support/fake-link.js";
import { rejection } from "../support/settling.js";

const late = new SdkError(SdkErrorCode.RequestTimeout, "too late");
const says = (error?: unknown) =>
  vi.fn(async (..._args: unknown[]) => {
    if (error !== undefined) throw error;
    return {};
  });

function rig({ ping = says(), request = says(), discover = says(), era = "legacy", inFlight = 0 } = {}) {
  const alive = vi.fn(async (_ms: number) => true);
  const client = { getProtocolEra: () => era, ping, request, discover };
  const guard = { inFlight, wire: { alive } as { alive?: typeof alive }, shut: vi.fn() };
  const ready = { client, guard, epoch: 1 } as unknown as Ready;
  const signal = new AbortController();
  const asked = {
    probe: (pinged = false) => probe(ready, { timeoutMs: 5_000, signal: signal.signal, pinged }),
    ping: () => answersPing(ready, 5_000),
  };
  return { client, guard, alive, signal, ...asked };
}

describe("a server that is asked for a sign of life", () => {
  it("lives where it answers a ping, which may take two fifths of the time", async () => {
    const { probe, client } = rig();
    expect(await probe()).toBe("alive");
    expect(client.ping).toHaveBeenCalledExactlyOnceWith({ timeout: 2_000 });
    expect(client.request).not.toHaveBeenCalled();
    expect(client.discover).not.toHaveBeenCalled();
  });

  it("is asked in the words of its era", async () => {
    const { probe, client } = rig({ era: "modern" });
    expect(await probe()).toBe("alive");
    expect(client.discover).toHaveBeenCalledExactlyOnceWith({ timeout: 2_000 });
    expect(client.ping).not.toHaveBeenCalled();
  });

  it.each([
    ["an error of its own", new ProtocolError(-32601, "no such method")],
    ["an HTTP status", Object.assign(new SdkError(SdkErrorCode.SendFailed, "HTTP 500"), { status: 500 })],
    ["a refusal of its credential", new HoldfastError("AUTH_REQUIRED", "HTTP 401", { server: "x" })],
  ])("lives where it answers with %s", async (_what, error) => {
    const { probe, client } = rig({ ping: says(error) });
    expect(await probe()).toBe("alive");
    expect(client.request).not.toHaveBeenCalled();
  });

  it("and never answers a ping is asked what nobody knows, and lives where it refuses that", async () => {
    const { probe, client, guard } = rig({
      ping: says(late),
      request: says(new ProtocolError(-32601, "no")),
      inFlight: 1,
    });
    expect(await probe()).toBe("alive");
    expect(client.request).toHaveBeenCalledExactlyOnceWith({ method: "holdfast/alive" }, expect.anything(), {
      timeout: 2_000,
    });
    expect(guard.shut).not.toHaveBeenCalled();
  });

  it("and did not answer a ping a moment ago is asked the other thing at once", async () => {
    const { probe, client } = rig({ request: says(new ProtocolError(-32601, "no")) });
    expect(await probe(true)).toBe("alive");
    expect(client.ping).not.toHaveBeenCalled();
    const silent = rig({ request: says(late), inFlight: 1 });
    expect(await silent.probe(true)).toBe("busy");
    silent.alive.mockResolvedValue(false);
    expect(await rejection(silent.probe(true))).toMatchObject({ code: "CONNECTION_LOST" });
    expect(silent.client.ping).not.toHaveBeenCalled();
  });

  it("is busy where it has calls, and its transport shows life", async () => {
    const { probe, alive, guard } = rig({ ping: says(late), request: says(late), inFlight: 1 });
    expect(await probe()).toBe("busy");
    expect(alive).toHaveBeenCalledExactlyOnceWith(750);
    expect(guard.shut).not.toHaveBeenCalled();
  });

  it.each([
    ["has no calls", 0, true, true],
    ["has calls, and its transport is dead", 1, true, false],
    ["has calls, and a transport that cannot tell", 1, false, false],
  ])("and answers nothing is lost where it %s", async (_what, inFlight, tells, lives) => {
    const { probe, alive, guard } = rig({ ping: says(late), request: says(late), inFlight });
    alive.mockResolvedValue(lives);
    if (!tells) delete guard.wire.alive;
    const failure = await rejection(probe());
    expect(failure).toMatchObject({ code: "CONNECTION_LOST", message: "too late", error: late });
    // Before the machine hears of it, so that nobody sends any more.
    expect(guard.shut).toHaveBeenCalledExactlyOnceWith({ ...(failure as object), code: "CONNECT_FAILED" });
  });

  it.each([
    ["the network refuses", Object.assign(new Error("refused"), { code: "ECONNREFUSED" })],
    ["the wire is lost", lostAs("unknown")],
    ["the SDK cannot send", new SdkError(SdkErrorCode.NotConnected, "not connected")],
  ])("is lost at once where %s", async (_what, error) => {
    const { probe, client, alive, guard } = rig({ ping: says(error), inFlight: 1 });
    expect(await rejection(probe())).toMatchObject({ code: "CONNECTION_LOST" });
    expect(client.request).not.toHaveBeenCalled();
    expect(alive).not.toHaveBeenCalled();
    expect(guard.shut).toHaveBeenCalledTimes(1);
  });

  it("is not lost where nobody wants to know any more", async () => {
    const { probe, signal, guard } = rig({ ping: says(lostAs("unknown")) });
    signal.abort();
    expect(await probe()).toBe("alive");
    expect(guard.shut).not.toHaveBeenCalled();
  });
});

describe("a server that is asked by the way", () => {
  it.each([
    ["it answers", undefined],
    ["it answers with an error of its own", new ProtocolError(-32601, "no such method")],
    ["it wants a credential", new HoldfastError("AUTH_REQUIRED", "HTTP 401", { server: "x" })],
  ])("is there where %s", async (_what, error) => {
    const { ping, client } = rig({ ping: says(error) });
    expect(await ping()).toBe(true);
    expect(client.ping).toHaveBeenCalledExactlyOnceWith({ timeout: 2_000 });
  });

  it.each([
    ["it says nothing", late],
    ["the wire is lost", lostAs("unknown")],
    ["the network refuses", Object.assign(new Error("refused"), { code: "ECONNREFUSED" })],
  ])("may be gone where %s, and nothing is ended for that", async (_what, error) => {
    const { ping, client, guard } = rig({ era: "modern", discover: says(error) });
    expect(await ping()).toBe(false);
    expect(client.request).not.toHaveBeenCalled();
    expect(guard.shut).not.toHaveBeenCalled();
  });
});
