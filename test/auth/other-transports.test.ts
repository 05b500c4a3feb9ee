import { describe, expect, it, onTestFinished } from "vitest";
import { oauth } from "../../src/auth/credentials/source.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import { SSETransport } from "../../src/transports/sse.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { expectGone, failureOf, page, refuseLastToken, until } from "../support/person.js";
import { signInWorld } from "../support/sign-in-world.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

async function over(kind: "sse" | "ws", timeoutMs = 10_000) {
  const world = await signInWorld();
  const person = { deny: false };
  const asked: string[] = [];
  const auth = oauth({
    store: memoryStore(),
    timeoutMs,
    onAuthorize: async (url, { redirectUrl }) => {
      asked.push(redirectUrl);
      page(await world.auth.approve(url, person)).catch(() => {});
    },
  });
  const { sseUrl, wsUrl } = world.server;
  const transport =
    kind === "sse"
      ? new SSETransport({ name: "old", url: sseUrl, auth })
      : new WSTransport({ name: "old", url: wsUrl, auth });
  onTestFinished(() => transport.close());
  return { ...world, transport, asked, person };
}

describe.each(["sse", "ws"] as const)("sign-in over %s", (kind) => {
  it("at the start", async () => {
    const { transport, asked, server } = await over(kind);
    const session = await transport.connectSession();
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady" });
    expect(asked).toHaveLength(1);
    expect(server.counts.calls).toBe(1);
    await expectGone(asked[0]!);
  });

  it("that is refused", async () => {
    const { transport, asked, person } = await over(kind);
    person.deny = true;
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "old" });
    expect(error.message).toBe("old: not signed in: it was refused (the person said no)");
    await transport.waitFor("closed").catch(() => {});
    expect(transport.status).toMatchObject({ state: "closed", lastError: { code: "AUTH_REQUIRED" } });
    await expectGone(asked[0]!);
  });

  it("with a server that lets nobody in: one sign-in", async () => {
    const { transport, asked, server } = await over(kind);
    server.control.refuseAll = true;
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "old" });
    expect(error.message).toMatch(/^old: the server refuses the token that it was just given \(HTTP 401\)/);
    expect(asked).toHaveLength(1);
  });

  it("again after the wire was lost: the token is refreshed, nobody is asked", async () => {
    const { transport, asked, server, auth } = await over(kind);
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    const lost = until(transport, ({ state }) => state !== "connected");
    for (const socket of server.sockets) socket.destroy();
    await lost;
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(transport.status.epoch).toBeGreaterThan(epoch);
    expect(asked).toHaveLength(1);
    expect(auth.counts.token.refresh_token).toBe(1);
  });
});

describe("a POST of SSE that is refused in mid-session", () => {
  it("is sent again with another token, on the same stream", async () => {
    const { transport, asked, server, auth } = await over("sse");
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch });
    expect(auth.counts.token.refresh_token).toBe(1);
    expect(asked).toHaveLength(1);
    expect(server.counts.calls).toBe(1);
  });

  it("asks the person where the refresh token was revoked", async () => {
    const { transport, asked, server, auth } = await over("sse");
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(transport.status.epoch).toBe(epoch);
    expect(asked).toHaveLength(2);
  });

  it("tells the call where the person says no", async () => {
    const { transport, server, auth, person } = await over("sse");
    const session = await transport.connectSession();
    person.deny = true;
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    const error = await failureOf(session.callTool(echo));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toBe("old: not signed in: it was refused (the person said no)");
    expect(server.counts.calls).toBe(0);
  });

  it("tells the call, where every token is refused", async () => {
    const { transport, server, auth } = await over("sse");
    const session = await transport.connectSession();
    server.control.refuseAll = true;
    const error = await failureOf(session.callTool(echo));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(auth.counts.token.refresh_token).toBe(1);
    expect(server.counts.calls).toBe(0);
  });
});
