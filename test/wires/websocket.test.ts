import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { holding } from "../support/credential.js";
import { stopTime } from "../support/fake-timers.js";
import { request } from "../support/hand-made-wire.js";
import { isPending, rejection, until } from "../support/settling.js";
import { wsOpen, wsServer, wsWire } from "../support/ws-server.js";

const message = { jsonrpc: "2.0", id: 1, result: {} };

describe("a wire over a WebSocket", () => {
  it("carries messages both ways, with what the user wants on the upgrade", async () => {
    const { wire, upgrades, socket, received, heard } = await wsOpen({ headers: { "x-mine": "1" } });
    expect(wire.listening).toBe("open");
    expect(upgrades[0]!.headers).toMatchObject({ "x-mine": "1", "sec-websocket-protocol": "mcp" });
    expect(upgrades[0]!.headers).not.toHaveProperty("authorization");
    expect(upgrades[0]!.headers).not.toHaveProperty("sec-websocket-extensions");
    await wire.send(request(1));
    socket.send(JSON.stringify(message));
    socket.send(JSON.stringify([message, message]));
    await until(() => heard.length === 3);
    expect(heard).toEqual([message, message, message]);
    expect(received).toEqual([request(1)]);
    expect(wire.bytesRead).toBeGreaterThan(0);
  });

  it("writes what is sent in one turn together, in its order, and what is sent in the next one too", async () => {
    const { wire, received } = await wsOpen();
    const first = Array.from({ length: 40 }, (_, i) => request(i));
    await Promise.all(first.map((one) => wire.send(one)));
    await wire.send(request(40));
    await until(() => received.length === 41);
    expect(received).toEqual([...first, request(40)]);
  });

  it("keeps no program alive", async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCPSocket")).length;
    const { wire } = await wsOpen();
    const tcp = process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCPSocket")).length;
    // The server's end is one, and holds; the client's is none.
    expect(tcp - before).toBe(1);
    await wire.close();
  });

  it("reports what is no message, without the secrets in it, and carries on", async () => {
    const { wire, socket, heard } = await wsOpen({
      headers: { "x-key": "secret-of-headers" },
      credential: holding(() => "secret-of-token"),
    });
    socket.send(`secret-of-headers secret-of-token ${"x".repeat(300)}`);
    socket.send(JSON.stringify(message));
    await until(() => heard.length === 1);
    const said = JSON.stringify(`[redacted] [redacted] ${"x".repeat(300)}`.slice(0, 200));
    expect(wire.onerror).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: `the server sent what is not an MCP message: ${said}` }),
    );
  });

  it("that nobody listens to carries on", async () => {
    const { wire, socket } = await wsOpen();
    wire.onmessage = wire.onerror = wire.onclose = undefined;
    socket.send(JSON.stringify(message));
    socket.send("{");
    socket.close(1001);
    await until(() => wire.failure !== undefined);
  });

  it("knows what became of a request by its loss alone", () => {
    const { wire } = wsWire("ws://127.0.0.1:1/");
    expect(wire.outcomeOf(new Lost("rejected", { code: "X", message: "" }))).toBe("rejected");
    expect(wire.outcomeOf(new Error("x"))).toBe("unknown");
    expect(wire.bytesRead).toBeUndefined();
  });
});

describe("a socket that the server ends", () => {
  it("is lost with the server's code and reason, without the secrets in it", async () => {
    const { wire, socket } = await wsOpen({ headers: { "x-key": "secret-of-headers" } });
    socket.close(1001, "no secret-of-headers");
    await until(() => vi.mocked(wire.onclose!).mock.calls.length > 0);
    expect(wire.failure).toEqual({
      code: "CONNECTION_LOST",
      message: "the server is going away (WebSocket 1001: no [redacted])",
    });
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ outcome: "not-sent", ends: "soon", failure: wire.failure });
  });

  it("without a word is broken", async () => {
    const { wire, socket } = await wsOpen();
    socket.terminate();
    await until(() => wire.failure !== undefined);
    expect(wire.failure!.message).toContain("WebSocket 1006");
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("because a message was too large says how large it may be", async () => {
    const { wire, socket } = await wsOpen({ maxMessageBytes: 100 });
    socket.send("x".repeat(101));
    await until(() => wire.failure !== undefined);
    expect(wire.failure).toEqual({
      code: "CONNECTION_LOST",
      message: "a message was larger than 100 bytes; raise maxMessageBytes to accept it",
    });
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("with what is no WebSocket is reported", async () => {
    const { wire, raw } = await wsOpen();
    for (const tcp of raw) tcp.write(Buffer.from([0xff, 0xff, 0xff]));
    await until(() => wire.failure !== undefined);
    expect(wire.onerror).toHaveBeenCalledTimes(1);
    expect(wire.onclose).toHaveBeenCalledTimes(1);
  });
});

describe("a socket that is ended by us", () => {
  it("says goodbye, once, and takes nothing more", async () => {
    const { wire, socket } = await wsOpen();
    const closed = once(socket, "close");
    await Promise.all([wire.close(), wire.close()]);
    expect((await closed)[0]).toBe(1000);
    await wire.close();
    expect(wire.onclose).toHaveBeenCalledTimes(1);
    expect(await rejection(wire.send(request(1)))).toMatchObject({ outcome: "not-sent", ends: "soon" });
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("waits for a deaf server for a moment only", async () => {
    const { wire, raw } = await wsOpen({ closeTimeoutMs: 1_000 });
    for (const tcp of raw) tcp.pause();
    const pass = stopTime();
    const closing = wire.close();
    await pass(299);
    expect(await isPending(closing)).toBe(true);
    await pass(1);
    await closing;
  });

  it("before it was opened takes nothing, and is not opened", async () => {
    const { url, upgrades } = await wsServer();
    const { wire } = wsWire(url);
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      outcome: "not-sent",
      ends: "soon",
      failure: { code: "CONNECTION_LOST", message: "the socket is closed" },
    });
    await wire.close();
    expect(await rejection(wire.start())).toMatchObject({ message: "the wire was closed" });
    expect(upgrades).toEqual([]);
  });

  it("while it is opened rejects the start, and leaves no socket", async () => {
    const { url, upgrades } = await wsServer({ refuse: (_request, socket) => Boolean(socket.resume()) });
    const { wire } = wsWire(url);
    const starting = rejection(wire.start());
    await until(() => upgrades.length === 1);
    const gone = once(upgrades[0]!.socket, "end");
    await wire.close();
    expect(await starting).toBeInstanceOf(Error);
    await gone;
    expect(wire.onerror).not.toHaveBeenCalled();
  });
});

describe("a sign of life", () => {
  it("is a pong, as often as it is asked for", async () => {
    const { wire } = await wsOpen();
    expect(await wire.alive(1_000)).toBe(true);
    expect(await wire.alive(1_000)).toBe(true);
  });

  it("is none where no pong comes in time, or the socket is closed", async () => {
    const { wire } = await wsOpen({}, { autoPong: false });
    const startedAt = performance.now();
    expect(await wire.alive(30)).toBe(false);
    expect(performance.now() - startedAt).toBeGreaterThan(20);
    await wire.close();
    expect(await wire.alive(1_000)).toBe(false);
    expect(await wsWire("ws://127.0.0.1:1/").wire.alive(1_000)).toBe(false);
  });
});

describe("the heartbeat of a socket", () => {
  const pings = (socket: import("ws").WebSocket) => {
    const seen = { count: 0 };
    socket.on("ping", () => seen.count++);
    return seen;
  };

  it("pings where nothing comes in, and raises a doubt where no pong does", async () => {
    const { wire, socket } = await wsOpen({ heartbeatMs: 20, pongMs: 20 }, { autoPong: false });
    const seen = pings(socket);
    await until(() => vi.mocked(wire.onDoubt!).mock.calls.length >= 2);
    expect(seen.count).toBeGreaterThanOrEqual(2);
    expect(wire.onDoubt).toHaveBeenCalledWith(
      expect.objectContaining({ message: "a WebSocket ping was not answered" }),
    );
  });

  it("goes on where nobody wants to hear of a doubt", async () => {
    const { wire, socket } = await wsOpen({ heartbeatMs: 10, pongMs: 10 }, { autoPong: false });
    wire.onDoubt = undefined;
    const seen = pings(socket);
    await until(() => seen.count >= 3);
  });

  it("raises none where the pong comes, and pings on", async () => {
    const { wire, socket } = await wsOpen({ heartbeatMs: 20, pongMs: 2_000 });
    const seen = pings(socket);
    await until(() => seen.count >= 3);
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });

  it("does not ping where something comes in", async () => {
    const pass = stopTime();
    const { socket, wire, heard, received } = await wsOpen(
      { heartbeatMs: 40, pongMs: 10 },
      { autoPong: false },
    );
    const seen = pings(socket);
    for (let said = 1; said <= 4; said++) {
      socket.send(JSON.stringify(message));
      await until(() => heard.length === said);
      await pass(40);
    }
    // A ping would have come before it.
    await wire.send(request(1));
    await until(() => received.length === 1);
    expect(seen.count).toBe(0);
  });

  it("never pings where the user wants none", async () => {
    const pass = stopTime();
    const { socket, wire, received } = await wsOpen({ pongMs: 1 });
    const seen = pings(socket);
    await pass(3_600_000);
    await wire.send(request(1));
    await until(() => received.length === 1);
    expect(seen.count).toBe(0);
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });
});
