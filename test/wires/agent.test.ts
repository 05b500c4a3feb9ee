import dns from "node:dns";
import { EventEmitter, once } from "node:events";
import { createServer as createHttp, type Server } from "node:http";
import { type AddressInfo, createServer, isIP, type Socket } from "node:net";
import { Agent, EnvHttpProxyAgent, fetch, ProxyAgent } from "undici";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FORBIDDEN_ADDRESS } from "../../src/base/this-machine.js";
import { createAgent, proxyFor, proxyTo, Traffic, takesConnections } from "../../src/wires/agent.js";

beforeEach(() => {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"])
    for (const spelled of [name, name.toLowerCase()]) vi.stubEnv(spelled, "");
});
afterEach(() => vi.unstubAllEnvs());

async function listening(server: Server | ReturnType<typeof createServer>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens. */
async function free() {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

const answering = (text: string) => listening(createHttp((_request, response) => void response.end(text)));

/** A proxy that notes what it is asked for, and answers in the server's place. */
async function proxying() {
  const asked: string[] = [];
  const server = createHttp((request, response) => {
    asked.push(request.url!);
    response.end("by proxy");
  });
  server.on("connect", (request, socket: Socket) => {
    asked.push(request.url!);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  return { asked, url: `http://127.0.0.1:${await listening(server)}` };
}

const options = (proxy?: string | false) => ({ tls: undefined, proxy, connectTimeoutMs: 30_000 });
const get = async (url: string, agent: Agent) => {
  onTestFinished(() => agent.destroy());
  return (await fetch(url, { dispatcher: agent })).text();
};

describe("the traffic of a connection", () => {
  it("is what its open and ended sockets received", () => {
    const traffic = new Traffic();
    const sockets = [1, 2].map((n) => Object.assign(new EventEmitter(), { bytesRead: n * 10 }));
    expect(traffic.bytesRead).toBe(0);
    for (const socket of sockets) traffic.add(socket as never);
    expect(traffic.bytesRead).toBe(30);
    sockets[0]!.bytesRead = 15;
    sockets[0]!.emit("close");
    expect(traffic.bytesRead).toBe(35);
    sockets[0]!.bytesRead = 99;
    sockets[1]!.bytesRead = 21;
    expect(traffic.bytesRead).toBe(36);
  });
});

describe("the sockets of a connection", () => {
  it("go straight to the server where there is no proxy, are counted, and hold no program", async () => {
    const traffic = new Traffic();
    const agent = createAgent(options(), traffic) as Agent;
    expect(agent).toBeInstanceOf(Agent);
    const add = vi.spyOn(traffic, "add");
    expect(await get(`http://127.0.0.1:${await answering("straight")}`, agent)).toBe("straight");
    expect(traffic.bytesRead).toBeGreaterThan(0);
    const [socket] = add.mock.calls[0]!;
    expect(socket.ref()).toBe(socket);
    expect((socket as unknown as { _handle: { hasRef(): boolean } })._handle.hasRef()).toBe(false);
  });

  it("fail as the system says where nobody listens", async () => {
    const agent = createAgent(options(), new Traffic()) as Agent;
    await expect(get(`http://127.0.0.1:${await free()}`, agent)).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("give up a server that does not say a word of TLS, at the connect deadline", async () => {
    const sockets = new Set<Socket>();
    const port = await listening(createServer((socket) => void sockets.add(socket.on("error", () => {}))));
    const agent = createAgent({ ...options(), connectTimeoutMs: 30 }, new Traffic()) as Agent;
    await expect(get(`https://127.0.0.1:${port}`, agent)).rejects.toMatchObject({
      cause: { code: "UND_ERR_CONNECT_TIMEOUT" },
    });
    for (const socket of sockets) socket.destroy();
  });

  it("have no deadline of undici's: a stream may be quiet for long", () => {
    const agent = createAgent(options(false), new Traffic()) as Agent;
    onTestFinished(() => agent.destroy());
    const settings = Object.getOwnPropertySymbols(agent).map((key) => (agent as never)[key]);
    expect(settings).toContainEqual(expect.objectContaining({ headersTimeout: 0, bodyTimeout: 0 }));
  });

  it.each(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])(
    "go by the environment's %s",
    async (name) => {
      const proxy = await proxying();
      vi.stubEnv(name, proxy.url);
      const agent = createAgent(options(), new Traffic()) as never;
      expect(agent).toBeInstanceOf(EnvHttpProxyAgent);
      await get("http://server.test/", agent).catch(() => {});
      expect(proxy.asked.join()).toContain("server.test");
    },
  );

  it.each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])("go to a TLS server by %s", async (name) => {
    const proxy = await proxying();
    vi.stubEnv(name, proxy.url);
    const agent = createAgent(options(), new Traffic()) as never;
    await expect(get("https://server.test/", agent)).rejects.toThrow();
    expect(proxy.asked).toEqual(["server.test:443"]);
  });

  it("go by the more special of two proxies", async () => {
    const [one, all] = [await proxying(), await proxying()];
    vi.stubEnv("HTTP_PROXY", one.url);
    vi.stubEnv("ALL_PROXY", all.url);
    await get("http://server.test/", createAgent(options(), new Traffic()) as never).catch(() => {});
    expect(one.asked).toHaveLength(1);
    expect(all.asked).toEqual([]);
  });

  it("go by the proxy that the user names, or by none", async () => {
    const [named, other] = [await proxying(), await proxying()];
    vi.stubEnv("HTTP_PROXY", other.url);
    const agent = createAgent(options(named.url), new Traffic());
    expect(agent).toBeInstanceOf(ProxyAgent);
    await get("http://server.test/", agent as never).catch(() => {});
    expect(named.asked).toHaveLength(1);
    const straight = createAgent(options(false), new Traffic()) as Agent;
    expect(await get(`http://127.0.0.1:${await answering("straight")}`, straight)).toBe("straight");
    expect(other.asked).toEqual([]);
  });
});

/** Whatever resolves to an address, for this test. */
function resolving(names: Record<string, string>) {
  const spy = vi.spyOn(dns, "lookup").mockImplementation(((
    name: string,
    options: { all?: boolean },
    done: (error: Error | null, found?: unknown, family?: number) => void,
  ) => {
    const address = names[name];
    if (address === undefined) return done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
    const family = isIP(address);
    return options.all ? done(null, [{ address, family }]) : done(null, address, family);
  }) as never);
  onTestFinished(() => spy.mockRestore());
}

describe("what is for this machine", () => {
  const SPELLED = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"];
  const NAMED = [
    "localhost",
    "LocalHost",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
  ];

  it.each([...SPELLED, ...NAMED])("as %s goes past the proxy of the environment", async (host) => {
    const proxy = await proxying();
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) vi.stubEnv(name, proxy.url);
    const port = await answering("straight");
    const text = await get(`http://${host}:${port}/`, createAgent(options(), new Traffic()) as never).catch(
      () => undefined,
    );
    // Not every system has the new internet, or an address for each name.
    if (SPELLED.includes(host)) expect(text).toBe("straight");
    await get(`https://${host}:${port}/`, createAgent(options(), new Traffic()) as never).catch(() => {});
    expect(proxy.asked).toEqual([]);
    expect(proxyFor(new URL(`wss://${host}/`), undefined)).toBeUndefined();
    expect(await proxyTo(new URL(`ws://${host}/`), undefined)).toBeUndefined();
  });

  it("by a name that resolves to it, too, and what does not resolve is the proxy's to find", async () => {
    const proxy = await proxying();
    vi.stubEnv("ALL_PROXY", proxy.url);
    const port = await answering("straight");
    resolving({ "here.test": "127.0.0.1", "mapped.test": "::ffff:127.0.0.1", "far.test": "192.0.2.7" });
    const agent = createAgent(options(), new Traffic()) as never;
    expect(await get(`http://here.test:${port}/`, agent)).toBe("straight");
    expect(proxy.asked).toEqual([]);
    expect(await proxyTo(new URL("wss://mapped.test/"), undefined)).toBeUndefined();
    expect(await proxyTo(new URL("wss://far.test/"), undefined)).toBe(proxy.url);
    expect(await proxyTo(new URL("wss://unknown.test/"), undefined)).toBe(proxy.url);
  });

  it("goes through a proxy that the user names only if that is here too", async () => {
    const proxy = await proxying();
    const port = await answering("straight");
    await get(`http://127.0.0.1:${port}/`, createAgent(options(proxy.url), new Traffic()) as never).catch(
      () => {},
    );
    expect(proxy.asked).toEqual([`127.0.0.1:${port}`]);
    const far = createAgent(options("http://proxy.test:1"), new Traffic()) as never;
    expect(await get(`http://127.0.0.1:${port}/`, far)).toBe("straight");
    const url = new URL("ws://127.0.0.1/");
    expect(await proxyTo(url, proxy.url)).toBe(proxy.url);
    expect(await proxyTo(url, "http://proxy.test:1")).toBeUndefined();
  });
});

it("an address that may not be reached is not, whatever its name", async () => {
  let reached = false;
  const port = await listening(createHttp(() => (reached = true)));
  resolving({ "far.test": "127.0.0.1" });
  const mayReach = vi.fn(() => false);
  const agent = createAgent({ ...options(), mayReach }, new Traffic()) as Agent;
  await expect(get(`http://far.test:${port}/`, agent)).rejects.toMatchObject({
    cause: { code: FORBIDDEN_ADDRESS, message: "far.test is at 127.0.0.1, which may not be asked" },
  });
  expect(mayReach).toHaveBeenCalledWith("127.0.0.1");
  expect(reached).toBe(false);
});

describe("the proxy on the way to a URL", () => {
  const ws = new URL("ws://server.test/");

  it("is the one that is named, the environment's, or none", () => {
    expect(proxyFor(ws, undefined)).toBeUndefined();
    vi.stubEnv("http_proxy", "http://env.test:1");
    expect(proxyFor(ws, undefined)).toBe("http://env.test:1");
    expect(proxyFor(ws, "https://named.test")).toBe("https://named.test");
    expect(proxyFor(ws, false)).toBeUndefined();
    vi.stubEnv("no_proxy", "server.test");
    expect(proxyFor(ws, undefined)).toBeUndefined();
  });

  it("of a secure one is that for https", () => {
    vi.stubEnv("https_proxy", "http://secure.test:1");
    expect(proxyFor(new URL("wss://server.test/"), undefined)).toBe("http://secure.test:1");
    expect(proxyFor(ws, undefined)).toBeUndefined();
  });

  it("is not mistaken by a name that looks like a protocol", () => {
    vi.stubEnv("http_proxy", "http://env.test:1");
    vi.stubEnv("no_proxy", "ws.test");
    expect(proxyFor(new URL("http://ws.test/"), undefined)).toBeUndefined();
  });

  it.each(["socks5://proxy.test:1", "not a url", "xhttp://proxy.test"])(
    "must be an http proxy: %s",
    (proxy) => {
      expect(() => proxyFor(ws, proxy)).toThrow(
        expect.objectContaining({
          code: "CONFIG_INVALID",
          path: "proxy",
          message: expect.stringContaining("no http proxy"),
        }),
      );
    },
  );
});

describe("a machine", () => {
  it("takes a connection, or does not", async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    expect(await takesConnections(new URL(`http://127.0.0.1:${port}/x`), 1_000)).toBe(true);
    expect(await takesConnections(new URL(`http://127.0.0.1:${await free()}/`), 60_000)).toBe(false);
  });

  it("of the protocol's own port or of the new internet is found too", async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, "::1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await takesConnections(new URL(`http://[::1]:${port}/`), 1_000)).toBe(true);
  });

  it("that does not answer in time is taken for gone", async () => {
    const lookup = vi.spyOn(dns, "lookup").mockImplementation((() => {}) as never);
    expect(await takesConnections(new URL("http://slow.test/"), 20)).toBe(false);
    lookup.mockRestore();
  });
});
