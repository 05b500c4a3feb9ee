import { describe, expect, it, vi } from "vitest";
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

  it.each([
    ["a token of the user's", { token: async () => "t-1" }],
    ["those of an OAuth provider", { tokens: async () => ({ access_token: "t-1" }) } as never],
  ])("are %s", async (_what, auth) => {
    const { url, upgrades } = await asking("t-1");
    await wsWire(url, { auth }).wire.start();
    expect(upgrades).toHaveLength(1);
  });

  it("are none where a provider has none yet", async () => {
    for (const auth of [{ tokens: async () => undefined } as never, { token: async () => undefined }]) {
      const { url, upgrades } = await wsServer();
      await wsWire(url, { auth }).wire.start();
      expect(upgrades[0]!.headers).not.toHaveProperty("authorization");
    }
  });

  it("are renewed once where the server does not take them", async () => {
    const { url, upgrades } = await asking("new");
    let token = "old";
    const auth = {
      token: async () => token,
      onUnauthorized: vi.fn(async function (this: unknown, _context: object) {
        expect(this).toBe(auth);
        token = "new";
      }),
    };
    await wsWire(url, { auth }).wire.start();
    expect(upgrades).toHaveLength(2);
    const [context] = auth.onUnauthorized.mock.calls[0] as [
      { response: Response; serverUrl: URL; fetchFn: unknown },
    ];
    expect(context.response.status).toBe(401);
    expect(context.serverUrl.href).toBe(url);
    expect(context.fetchFn).toBe(fetch);
  });

  it("are not renewed twice, nor where nobody can, nor for another refusal", async () => {
    const { url, upgrades } = await asking("never");
    const onUnauthorized = vi.fn(async () => {});
    const renewing = { token: async () => "old", onUnauthorized };
    expect(await rejection(wsWire(url, { auth: renewing }).wire.start())).toMatchObject({ status: 401 });
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    expect(upgrades).toHaveLength(2);
    for (const auth of [
      { token: async () => "old" },
      { token: async () => "old", onUnauthorized: undefined },
      undefined,
    ])
      expect(await rejection(wsWire(url, { auth }).wire.start())).toMatchObject({ status: 401 });
    const other = await wsServer({ refuse: answering("403 Forbidden") });
    expect(await rejection(wsWire(other.url, { auth: renewing }).wire.start())).toMatchObject({
      status: 403,
    });
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
  });

  it("that come after the wire was closed open nothing", async () => {
    const { url, upgrades } = await wsServer();
    let give: (token: string) => void = () => {};
    const { wire } = wsWire(url, { auth: { token: () => new Promise((resolve) => (give = resolve)) } });
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

  it("that is closed on its way there is gone", async () => {
    const deaf = await wsServer({ refuse: () => true });
    const { createServer } = await import("node:net");
    const sockets = new Set<import("node:net").Socket>();
    const silent = createServer((socket) => sockets.add(socket.on("error", () => {}).resume()));
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
