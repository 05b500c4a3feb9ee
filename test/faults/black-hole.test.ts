import { describe, expect, it } from "vitest";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { SSETransport } from "../../src/transports/sse.js";
import { blackHole } from "../support/black-hole.js";
import { closing, textOf, until } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";
import { sseServer } from "../support/sse-server.js";

const heartbeat = { intervalMs: 500, timeoutMs: 4_000 };
const news = {
  jsonrpc: "2.0" as const,
  method: "notifications/message",
  params: { level: "info", data: "news" },
};
const echo = { name: "echo", arguments: { message: "hi" } };

/** What a test lets go itself. */
function gate() {
  let open = () => {};
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { held, open };
}

/** Waits until something is heard of what the server says from now on. */
const hearing = (push: () => Promise<void>, heard: () => number) => async () => {
  const before = heard();
  await until(async () => {
    await push();
    return heard() > before;
  });
};

async function overHttp() {
  const server = await httpServer();
  const hole = await blackHole(server.url);
  let heard = 0;
  const options = { url: hole.url, era: "legacy" as const, heartbeat, inbound: { maxSilenceMs: 1_500 } };
  const transport = closing(new StreamableHttpTransport(options));
  const session = await transport.connectSession({ onLog: () => heard++ });
  const push = async () => {
    for (const one of server.sessions.values()) await one.send(news);
  };
  await until(() => transport.status.listening === "open");
  const hears = hearing(push, () => heard);
  await hears();
  /** Leaves several sockets for the next calls, and calls until one goes over such a socket. */
  const warm = async () => {
    await Promise.all(Array.from({ length: 4 }, () => session.callTool(echo)));
    await until(async () => {
      const { opened } = hole;
      await session.callTool(echo);
      return hole.opened === opened;
    });
  };
  return { server, hole, transport, session, hears, warm };
}

async function overSse() {
  const server = await sseServer();
  const hole = await blackHole(server.url);
  let heard = 0;
  const transport = closing(new SSETransport({ url: hole.url, heartbeat }));
  const session = await transport.connectSession({ onLog: () => heard++ });
  const push = async () => {
    // Those whose stream is gone cannot be told anything.
    for (const { transport: one } of server.sessions.values()) await one.send(news).catch(() => {});
  };
  const hears = hearing(push, () => heard);
  await hears();
  return { server, hole, transport, session, hears };
}

describe("a middlebox that swallows what a server of Streamable HTTP sends", () => {
  it("on its stream: that is replaced, and what the server says is heard again", async () => {
    const { server, hole, transport, hears } = await overHttp();
    const { gets } = server.counts;
    hole.swallow();
    await hears();
    expect(server.counts.gets).toBeGreaterThan(gets);
    await until(() => transport.status.listening === "open");
  });

  it("on its stream while a call is in flight elsewhere: that goes on, and is answered once", async () => {
    const { server, hole, session, hears, warm } = await overHttp();
    await warm();
    const { held, open } = gate();
    server.control.held = held;
    hole.swallow();
    const call = session.callTool({ name: "held", arguments: {} }, { replay: "always", timeout: 0 });
    await hears();
    open();
    expect(textOf(await call)).toBe("let go");
  });

  it("on the socket of a call that may be repeated: it is answered on another", async () => {
    const { hole, session, warm } = await overHttp();
    await warm();
    hole.swallow();
    expect(textOf(await session.callTool(echo, { replay: "always", timeout: 0 }))).toBe("Echo: hi");
  });

  it("on the socket of a call that may not be repeated: it is done once, and the next one is answered", async () => {
    const { server, hole, session, warm } = await overHttp();
    await warm();
    hole.swallow();
    const write = session.callTool({ name: "write", arguments: { name: "a" } }, { timeout: 3_000 });
    const outcome = await write.then(textOf, (error) => error.code);
    // A socket that happened to be new brings the answer.
    expect(["written", "REQUEST_TIMEOUT", "CONNECTION_LOST"]).toContain(outcome);
    expect(textOf(await session.callTool(echo, { replay: "always", timeout: 0 }))).toBe("Echo: hi");
    expect(server.counts.writes.get("a") ?? 0).toBeLessThanOrEqual(1);
  });
});

describe("a middlebox that swallows what a server of HTTP+SSE sends", () => {
  it("with no call in flight: the connection is replaced, and what the server says is heard again", async () => {
    const { server, hole, transport, hears } = await overSse();
    const { gets } = server.control;
    hole.swallow();
    await hears();
    expect(server.control.gets).toBeGreaterThan(gets);
    expect(transport.status.epoch).toBeGreaterThan(1);
  });

  it("with a call in flight that may be repeated: it is answered on the next connection", async () => {
    const { hole, session } = await overSse();
    hole.swallow();
    expect(textOf(await session.callTool(echo, { replay: "always", timeout: 0 }))).toBe("Echo: hi");
  });

  it("with a call in flight that may not be repeated: told as perhaps done, done once, the next one answered", async () => {
    const { server, hole, session } = await overSse();
    hole.swallow();
    const write = session.callTool({ name: "write", arguments: {} }, { timeout: 0 });
    // On a machine so slow that the connection is doubted before, it is written to the next one.
    const outcome = await write.then(
      () => "answered",
      (error) => error.outcome,
    );
    expect(["unknown", "answered"]).toContain(outcome);
    expect(textOf(await session.callTool(echo, { replay: "always", timeout: 0 }))).toBe("Echo: hi");
    expect(server.control.writes).toBeLessThanOrEqual(1);
  });
});
