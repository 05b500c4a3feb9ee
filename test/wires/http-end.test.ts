import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { json, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { httpWire } from "../support/http-wire.js";
import { eventually, rejection } from "../support/settling.js";

const result = { jsonrpc: "2.0", id: 1, result: {} };

describe("the end of a wire over HTTP", () => {
  it("that is asked for is told to the server, once there is a session", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { wire, network, open } = await httpWire(() => new Response(null, { status: 200 }));
    await wire.end();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    expect(network.asked).toEqual([]);
    await open("s-9");
    await wire.end();
    expect(network.made("DELETE")[0]!.headers.get("mcp-session-id")).toBe("s-9");
    await wire.close();
    await wire.end();
    expect(network.made("DELETE")).toHaveLength(1);
  });

  it("is not told once the wire is closed", async () => {
    const { wire, network, open } = await httpWire(() => new Response(null, { status: 200 }));
    await open();
    await wire.close();
    await wire.end();
    expect(network.asked).toEqual([]);
  });

  it("is no error where the server knows no such thing", async () => {
    const { wire, open } = await httpWire(() => refusal(500));
    await open();
    await wire.end();
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("is told for so long only, and leaves no timer behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { wire, open } = await httpWire(() => new Promise(() => {}), { closeTimeoutMs: 1_000 });
    await open();
    const done = vi.fn();
    const ending = wire.end().then(done);
    await vi.advanceTimersByTimeAsync(599);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await ending;
    const second = wire.end();
    await wire.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    void second;
  });

  it("is heard of once, and aborts what is on its way", async () => {
    let signal: AbortSignal | undefined;
    const { wire } = await httpWire((asked) => {
      signal = asked.signal;
      return new Promise(() => {});
    });
    const sent = rejection(wire.send(request(1)));
    await eventually(() => expect(signal).toBeDefined());
    await wire.close();
    await wire.close();
    expect(signal!.aborted).toBe(true);
    expect(await sent).toMatchObject({ message: "the wire is closed" });
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.listening).toBe("none");
  });
});

describe("the sockets of a wire over HTTP", () => {
  it("are counted, and say whether the machine is there", async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
    const { wire, heard } = await httpWire(() => json({}), { url, fetch: undefined });
    await wire.send(request(1));
    expect(heard).toEqual([result]);
    expect(wire.bytesRead).toBeGreaterThan(0);
    expect(await wire.alive(1_000)).toBe(true);
    await wire.close();
    server.closeAllConnections();
    server.close();
  });
});
