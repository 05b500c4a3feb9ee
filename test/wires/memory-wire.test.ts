import type { InMemoryTransport, JSONRPCMessage } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { GatewayWire } from "../../src/composite/gateway-wire.js";
import { CALL, type CallTag } from "../../src/wires/call-tag.js";
import { Lost } from "../../src/wires/lost.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { request } from "../support/hand-made-wire.js";
import { settled } from "../support/settling.js";

const answer = (id: number | string | undefined): JSONRPCMessage =>
  ({ jsonrpc: "2.0", id, result: {} }) as never;

/** A server that keeps what it hears. */
function server() {
  const heard: JSONRPCMessage[] = [];
  const stop = vi.fn();
  let side: InMemoryTransport | undefined;
  const serve = async (given: InMemoryTransport) => {
    side = given;
    given.onmessage = (message) => void heard.push(message);
    await given.start();
    return stop;
  };
  return { heard, stop, serve, side: () => side! };
}

describe("a wire to a server in the same program", () => {
  it("carries messages both ways, and ends with its server", async () => {
    const { heard, stop, serve, side } = server();
    const wire = new MemoryWire(serve);
    wire.onmessage = vi.fn();
    wire.onclose = vi.fn();
    wire.onerror = vi.fn();
    expect(wire.listening).toBe("open");
    await wire.start();
    await wire.send(request(1));
    expect(heard).toEqual([request(1)]);
    await side().send(answer(1), { authInfo: { token: "t" } } as never);
    expect(wire.onmessage).toHaveBeenCalledExactlyOnceWith(answer(1), { authInfo: { token: "t" } });
    await side().close();
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.failure).toEqual({ code: "CONNECTION_LOST", message: "the server closed the connection" });
    await expect(wire.send(request(2))).rejects.toMatchObject({ outcome: "not-sent", failure: wire.failure });
    await wire.close();
    expect(stop).toHaveBeenCalledTimes(1);
    expect(wire.onclose).toHaveBeenCalledTimes(1);
  });

  it("that nobody listens to carries on", async () => {
    const { serve, side } = server();
    const wire = new MemoryWire(serve);
    await wire.start();
    await side().send(answer(1));
    await side().close();
    await wire.close();
  });

  it("takes nothing before its start and after its close, which is no failure", async () => {
    const { serve, stop } = server();
    const wire = new MemoryWire(serve);
    const gone = { outcome: "not-sent", failure: { code: "CONNECTION_LOST", message: "the server is gone" } };
    await expect(wire.send(request(1))).rejects.toMatchObject(gone);
    await wire.start();
    await wire.close();
    await expect(wire.send(request(1))).rejects.toMatchObject(gone);
    expect(wire.failure).toBeUndefined();
    expect(stop).toHaveBeenCalledTimes(1);
    await new MemoryWire(serve).close();
  });

  it("stops also a server that was still being made when it was closed", async () => {
    const stop = vi.fn();
    let made: (stop: () => void) => void = () => {};
    const wire = new MemoryWire(() => new Promise((resolve) => (made = resolve)));
    await wire.start();
    const closing = wire.close();
    made(stop);
    await closing;
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it.each([
    [new Error("no database"), false],
    [new HoldfastError("CONFIG_INVALID", "no server", {}), true],
  ])("fails where its server does not start: %s, for good: %s", async (error, fatal) => {
    const wire = new MemoryWire(() => Promise.reject(error));
    wire.onclose = vi.fn();
    await wire.start();
    await settled();
    expect(wire.failure).toEqual({
      code: "CONNECT_FAILED",
      message: `the server did not start: ${error.message}`,
      error,
      fatal,
    });
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    await wire.close();
  });

  it("hands on the errors of the pair", async () => {
    const { serve, side } = server();
    const wire = new MemoryWire(serve);
    wire.onerror = vi.fn();
    await wire.start();
    const error = new Error("odd");
    (side() as unknown as { _otherTransport: InMemoryTransport })._otherTransport.onerror!(error);
    expect(wire.onerror).toHaveBeenCalledExactlyOnceWith(error);
    await wire.close();
  });

  it("knows what became of a request by its loss alone", () => {
    const wire = new MemoryWire(server().serve);
    expect(wire.outcomeOf(new Lost("rejected", { code: "X", message: "" }))).toBe("rejected");
    expect(wire.outcomeOf(new Error("x"))).toBe("unknown");
  });
});

describe("a gateway wire", () => {
  const tag = {} as CallTag;
  const options = { headers: { [CALL]: tag } } as never;
  const listen = (id: number, ...uris: string[]) =>
    ({
      ...request(id, "subscriptions/listen"),
      params: { notifications: { resourceSubscriptions: uris } },
    }) as never;
  const cancelled = (requestId: number) =>
    ({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }) as never;

  const gatewayWire = async () => {
    const onListen = vi.fn();
    const made = server();
    const wire = new GatewayWire(made.serve, () => undefined, onListen);
    wire.onmessage = vi.fn();
    await wire.start();
    return { ...made, wire, onListen };
  };

  it("knows of a request what its call knows, until that is answered or cancelled", async () => {
    const { wire, side, heard } = await gatewayWire();
    await wire.send(request(1), options);
    await wire.send(request(2), options);
    await wire.send(request(3));
    expect([1, 2, 3].map((id) => wire.contextOf(id))).toEqual([tag, tag, undefined]);
    expect(heard).toHaveLength(3);
    await side().send({ jsonrpc: "2.0", id: 1, method: "ping" });
    await side().send(answer(undefined));
    expect(wire.contextOf(1)).toBe(tag);
    await side().send(answer(1));
    expect(wire.contextOf(1)).toBeUndefined();
    await wire.send({ jsonrpc: "2.0", method: "notifications/progress", params: { requestId: 2 } } as never);
    await wire.send(answer(2));
    expect(wire.contextOf(2)).toBe(tag);
    await wire.send(cancelled(2));
    expect(wire.contextOf(2)).toBeUndefined();
    await wire.send({ jsonrpc: "2.0", method: "notifications/cancelled" });
    expect(wire.onmessage).toHaveBeenCalledTimes(3);
    await wire.close();
  });

  it("knows nothing by an answer to the gateway, and forgets by ids of either kind", async () => {
    const { wire, side } = await gatewayWire();
    expect(wire.relays).toBe(true);
    await wire.send(answer(7), options);
    expect(wire.contextOf(7)).toBeUndefined();
    await wire.send({ ...request(1), id: "a" } as never, options);
    expect(wire.contextOf("a")).toBe(tag);
    await side().send(answer("a"));
    expect(wire.contextOf("a")).toBeUndefined();
    await wire.close();
  });

  it("says of what the gateway says in a request which call that is, while it goes on", async () => {
    const { wire, side } = await gatewayWire();
    await wire.send(request(1), options);
    await wire.send(request(2));
    const note = (data: string) =>
      ({ jsonrpc: "2.0", method: "notifications/message", params: { data } }) as never;
    const extra = { authInfo: { token: "t" } };
    await side().send(note("a"), { relatedRequestId: 1 });
    expect(wire.onmessage).toHaveBeenLastCalledWith(note("a"), { [CALL]: tag });
    await side().send(note("b"), { relatedRequestId: 1, ...extra } as never);
    expect(wire.onmessage).toHaveBeenLastCalledWith(note("b"), { ...extra, [CALL]: tag });
    for (const sent of [{ relatedRequestId: 2 }, {}, undefined]) {
      await side().send(note("c"), { ...extra, ...sent } as never);
      expect(wire.onmessage).toHaveBeenLastCalledWith(note("c"), extra);
    }
    await side().send(answer(1));
    await side().send(note("d"), { relatedRequestId: 1, ...extra } as never);
    expect(wire.onmessage).toHaveBeenLastCalledWith(note("d"), extra);
    await wire.close();
  });

  it("tells which resources came and went with its listen streams", async () => {
    const { wire, side, onListen } = await gatewayWire();
    await wire.send(request(9));
    await wire.send(listen(1, "a:1", "a:2"), options);
    expect(onListen).toHaveBeenLastCalledWith(["a:1", "a:2"], []);
    await wire.send(listen(2, "a:2", "a:3"));
    expect(onListen).toHaveBeenLastCalledWith(["a:3"], []);
    await side().send(answer(1));
    expect(onListen).toHaveBeenLastCalledWith([], ["a:1"]);
    await wire.send(cancelled(2));
    expect(onListen).toHaveBeenLastCalledWith([], ["a:2", "a:3"]);
    await side().send(answer(9));
    expect(onListen).toHaveBeenCalledTimes(4);
    await wire.close();
  });

  it("tells nothing where a stream is about no other resources", async () => {
    const { wire, side, onListen } = await gatewayWire();
    await wire.send({ ...request(1, "subscriptions/listen"), params: { notifications: {} } } as never);
    await wire.send({ ...request(2, "subscriptions/listen"), params: {} } as never);
    await side().send(answer(1));
    expect(onListen).not.toHaveBeenCalled();
    await wire.send({
      ...request(3, "resources/read"),
      params: { notifications: { resourceSubscriptions: ["a:1"] } },
    } as never);
    expect(onListen).not.toHaveBeenCalled();
    await wire.close();
  });
});
