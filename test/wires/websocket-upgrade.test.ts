import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { holding } from "../support/credential.js";
import { tunnelingProxy } from "../support/proxy.js";
import { rejection, until } from "../support/settling.js";
import { answering, wsServer, wsWire } from "../support/ws-server.js";

const refused = async (status: string, headers?: string) => {
  const server = await wsServer({ refuse: answering(status, headers) });
  const { wire } = wsWire(server.url);
  return { ...server, wire, error: await rejection(wire.start()) };
};

describe("an upgrade that the server refuses", () => {
  it.each([
    ["500 Broken", 500, "it refused the upgrade (HTTP 500 Broken)"],
    ["404 Not Found", 404, "it refused the upgrade (HTTP 404 Not Found)"],
    ["300 Many", 300, "it refused the upgrade (HTTP 300 Many)"],
    ["200 OK", 200, "it answered the upgrade as a web page (HTTP 200 OK)"],
  ])("is told by its status: %s", async (line, status, message) => {
    const { error, wire } = await refused(line);
    expect(error).toMatchObject({ status, message, statusText: line.slice(4) });
    expect(wire.onerror).not.toHaveBeenCalled();
    expect(wire.onclose).not.toHaveBeenCalled();
  });

  it("may say when to come back", async () => {
    const why = { code: "X", message: "no" };
    const { wire } = await refused("503 Busy", "retry-after: 7\r\n");
    expect(wire.explain(why)).toEqual({ ...why, retryAfterMs: 7_000 });
    const patient = await wsServer({ refuse: answering("503 Busy", "retry-after: 99999999999\r\n") });
    for (const [options, retryAfterMs] of [
      [{}, 3_600_000],
      [{ maxRetryAfterMs: 9_000 }, 9_000],
    ] as const) {
      const made = wsWire(patient.url, { ...options, connectTimeoutMs: 60_000 });
      await rejection(made.wire.start());
      expect(made.wire.explain(why)).toEqual({ ...why, retryAfterMs });
    }
    expect((await refused("500 Broken", "retry-after: 7\r\n")).wire.explain(why)).toBe(why);
  });

  it("leaves no socket", async () => {
    const { raw } = await refused("500 Broken");
    await until(() => [...raw].every((socket) => socket.destroyed));
  });
});

describe("an upgrade that does not come about", () => {
  it("because the socket broke rejects", async () => {
    const server = await wsServer({
      refuse: (_request, socket) => {
        socket.destroy();
        return true;
      },
    });
    expect(await rejection(wsWire(server.url).wire.start())).toBeInstanceOf(Error);
  });

  it("in time rejects", async () => {
    const server = await wsServer({ refuse: () => true });
    const error = await rejection(wsWire(server.url, { connectTimeoutMs: 30 }).wire.start());
    expect((error as Error).message).toMatch(/timed out/i);
  });
});

describe("the credentials of a socket", () => {
  const asking = (token: string) =>
    wsServer({
      refuse: (request, socket) =>
        request.headers.authorization !== `Bearer ${token}` && answering("401 Unauthorized")(request, socket),
    });

  it("are the credential's, which hears that they were taken", async () => {
    const { url, upgrades } = await asking("t-1");
    const accepted = vi.fn();
    await wsWire(url, { credential: holding(async () => "t-1", { accepted }) }).wire.start();
    expect(upgrades).toHaveLength(1);
    expect(accepted).toHaveBeenCalledExactlyOnceWith("t-1");
  });

  it("are none where there are none yet", async () => {
    const { url, upgrades } = await wsServer();
    await wsWire(url, { credential: holding() }).wire.start();
    expect(upgrades[0]!.headers).not.toHaveProperty("authorization");
  });

  it("that are refused end the attempt, and say what the server wants", async () => {
    const { url, upgrades } = await asking("never");
    const { wire } = wsWire(url, { credential: holding(() => "old") });
    const wanted = new Error("another one is wanted");
    wire.onRefused = vi.fn(async () => {
      throw wanted;
    });
    expect(await rejection(wire.start())).toBe(wanted);
    expect(wire.onRefused).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ status: 401, token: "old", scope: undefined }),
    );
    expect(upgrades).toHaveLength(1);
  });

  it("are not asked for where nothing helps, nor for another refusal", async () => {
    const { url } = await asking("never");
    const other = await wsServer({ refuse: answering("403 Forbidden") });
    const rows = [
      [url, holding(() => "old", { mends: () => false }), 401],
      [url, undefined, 401],
      [other.url, holding(() => "old"), 403],
    ] as const;
    for (const [to, credential, status] of rows) {
      const { wire } = wsWire(to, { credential });
      wire.onRefused = vi.fn();
      expect(await rejection(wire.start())).toMatchObject({ status });
      expect(wire.onRefused).not.toHaveBeenCalled();
    }
  });

  it("that come after the wire was closed open nothing", async () => {
    const { url, upgrades } = await wsServer();
    let give: (token: string) => void = () => {};
    const { wire } = wsWire(url, { credential: holding(() => new Promise((resolve) => (give = resolve))) });
    const starting = rejection(wire.start());
    await wire.close();
    give("t-1");
    expect(await starting).toMatchObject({ message: "the wire was closed" });
    expect(upgrades).toEqual([]);
  });
});

describe("a socket through a proxy", () => {
  it("is tunneled there", async () => {
    const proxy = await tunnelingProxy();
    const { url, port } = await wsServer();
    await wsWire(url, { proxy: proxy.url }).wire.start();
    expect(proxy.tunnels).toEqual([`127.0.0.1:${port}`]);
  });

  it("is not tunneled where it is for this machine and the proxy is the environment's", async () => {
    const proxy = await tunnelingProxy();
    vi.stubEnv("HTTP_PROXY", proxy.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { url, upgrades } = await wsServer();
    await wsWire(url, { proxy: undefined, connectTimeoutMs: 60_000 }).wire.start();
    expect(upgrades).toHaveLength(1);
    expect(proxy.tunnels).toEqual([]);
  });

  it("says who is asking where the proxy's address does, and how it was refused", async () => {
    const asked: (string | undefined)[] = [];
    const strict = createServer().on("connect", (request, socket) => {
      asked.push(request.headers["proxy-authorization"]);
      socket.end("HTTP/1.1 407 Who are you\r\n\r\n");
    });
    strict.listen(0, "127.0.0.1");
    await once(strict, "listening");
    onTestFinished(() => void strict.close());
    const { port } = strict.address() as AddressInfo;
    const { wire } = wsWire("ws://127.0.0.1:9/", {
      proxy: `http://ada:p%40ss@127.0.0.1:${port}`,
      connectTimeoutMs: 60_000,
    });
    expect(await rejection(wire.start())).toMatchObject({
      message: "the proxy refuses to connect to 127.0.0.1:9 (HTTP 407)",
    });
    expect(asked).toEqual([`Basic ${btoa("ada:p@ss")}`]);
  });

  it("that is closed on its way there is gone", async () => {
    const deaf = await wsServer({ refuse: () => true });
    const { createServer: createTcpServer } = await import("node:net");
    const sockets = new Set<import("node:net").Socket>();
    const silent = createTcpServer((socket) => sockets.add(socket.on("error", () => {}).resume()));
    silent.listen(0, "127.0.0.1");
    await until(() => silent.listening);
    const { port } = silent.address() as { port: number };
    const { wire } = wsWire(deaf.url, { proxy: `http://127.0.0.1:${port}` });
    const starting = rejection(wire.start());
    await until(() => sockets.size === 1);
    await wire.close();
    expect(await starting).toBeInstanceOf(Error);
    await until(() => [...sockets].every((socket) => socket.readableEnded || socket.destroyed));
    silent.close();
  });
});
