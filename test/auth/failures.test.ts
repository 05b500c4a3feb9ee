import { describe, expect, it } from "vitest";
import type { Session } from "../../src/contract/session.js";
import { hashOf } from "../support/auth-server.js";
import { expectGone, failureOf, refuseLastToken, saysNo, signsIn, withPerson } from "../support/person.js";

const echo = (session: Session) => session.callTool({ name: "echo", arguments: { message: "hi" } });
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

describe("a token that is refused in mid-session", () => {
  it("is refreshed without a person, and the call that met it succeeds in the same epoch", async () => {
    const { transport, server, auth, asked, events } = await withPerson();
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    events.length = 0;
    expect(await echo(session)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch });
    expect(asked).toHaveLength(1);
    expect(auth.counts.token).toMatchObject({ authorization_code: 1, refresh_token: 1 });
    const path = events.flatMap(({ event }) => (event.type === "transition" ? [event.to] : []));
    expect(path).toEqual(["connected.authorizing", "connected.steady"]);
    expect(server.counts.calls).toBe(1);
  });

  it("whose refresh token was revoked: the person is asked again", async () => {
    const { transport, server, auth, asked, events } = await withPerson();
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    events.length = 0;
    expect(await echo(session)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch });
    expect(asked).toHaveLength(2);
    expect(auth.counts.token).toMatchObject({ authorization_code: 2, refresh_token: 1 });
    expect(auth.counts.registrations).toBe(1);
    const path = events.flatMap(({ event }) => (event.type === "transition" ? [event.to] : []));
    expect(path).toEqual(["connected.authorizing", "connected.steady"]);
    expect(server.counts.calls).toBe(1);
    await expectGone(asked[1]!.context.redirectUrl);
  });

  it("and a person who says no: the call is told, and the transport is closed for that reason", async () => {
    const { transport, server, auth, asked, person } = await withPerson();
    const session = await transport.connectSession();
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    person.does = saysNo;
    const error = await failureOf(echo(session));
    const message = "files: not signed in: it was refused (the person said no)";
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files", message });
    await transport.waitFor("closed");
    expect(transport.status.lastError).toMatchObject({ code: "AUTH_REQUIRED", message });
    expect(asked).toHaveLength(2);
    expect(server.counts.calls).toBe(0);
    await expectGone(asked[1]!.context.redirectUrl);
    expect(session.ended).toBe(true);
    const later = await failureOf(echo(session));
    expect(later).toMatchObject({ code: "TRANSPORT_CLOSED", cause: { code: "AUTH_REQUIRED" } });
  });

  it("whose refresh token somebody else used: the person is asked again, once", async () => {
    const { transport, server, auth, asked, store } = await withPerson();
    const session = await transport.connectSession();
    const [{ tokens, registration } = {}] = await store.list(server.url);
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: tokens!.refresh_token!,
      client_id: registration!.client_id,
    });
    expect((await fetch(`${auth.issuer}/token`, { method: "POST", body })).status).toBe(200);
    refuseLastToken(server);
    expect(await echo(session)).toMatchObject(echoed);
    expect(asked).toHaveLength(2);
    expect(auth.refreshTokensUsed).toEqual([hashOf(tokens!.refresh_token!), hashOf(tokens!.refresh_token!)]);
    expect(await echo(session)).toMatchObject(echoed);
    expect(auth.counts.token).toMatchObject({ authorization_code: 2, refresh_token: 2 });
  });
});

describe("a clock that is wrong by an hour", () => {
  it.each([-1, 1])("%i h: no person is asked, and no refresh is lost", async (hours) => {
    const first = await withPerson(signsIn, {}, { auth: { accessTokenSeconds: 1800 } });
    await first.transport.withSession(echo);
    await first.store.update(first.server.url, async ({ stored, save }) => {
      await save(stored.map((one) => ({ ...one, expiresAt: one.expiresAt! + hours * 3_600_000 })));
    });
    const again = first.transport.fork();
    // By the server's clock it is the other way round: it refuses what we take for good, and takes what we refresh.
    if (hours === 1) refuseLastToken(first.server);
    expect(await again.withSession(echo)).toMatchObject(echoed);
    expect(again.status.lastError).toBeUndefined();
    await again.close();
    expect(first.asked).toHaveLength(1);
    expect(first.auth.counts.token).toMatchObject({ authorization_code: 1, refresh_token: 1 });
  });
});

describe("a registration that was forgotten", () => {
  it("is made again, once, at the next sign-in", async () => {
    const { transport, server, auth, asked } = await withPerson();
    const session = await transport.connectSession();
    const { epoch } = transport.status;
    refuseLastToken(server);
    auth.forgetClients();
    expect(await echo(session)).toMatchObject(echoed);
    expect(auth.counts.registrations).toBe(2);
    expect(asked).toHaveLength(2);
    expect(asked[1]!.url.searchParams.get("client_id")).not.toBe(asked[0]!.url.searchParams.get("client_id"));
    expect(transport.status.epoch).toBe(epoch);
  });

  it("with the tokens too: is made again before the person is sent away", async () => {
    const { transport, server, auth, asked } = await withPerson();
    const session = await transport.connectSession();
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    auth.forgetClients();
    expect(await echo(session)).toMatchObject(echoed);
    expect(auth.counts.registrations).toBe(2);
    expect(asked).toHaveLength(2);
  });

  it("a clientId that nobody knows is named, is not registered, and is tried once", async () => {
    const { transport, auth, asked } = await withPerson(signsIn, { clientId: "nobody", timeoutMs: 3_000 });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(/^files: .*does not accept the client "nobody"/);
    expect(error.message).toMatch(/clientId/);
    expect(auth.counts.registrations).toBe(0);
    expect(asked.length).toBeLessThanOrEqual(1);
    await transport.waitFor("closed");
  });
});

describe("a server that lets nobody in", () => {
  it("from the start: one sign-in, and the user is told", async () => {
    const { transport, server, auth, asked } = await withPerson();
    server.control.refuseAll = true;
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(
      /^files: the server refuses the token that it was just given \(HTTP 401\)\. Is the/,
    );
    expect(asked).toHaveLength(1);
    expect(auth.authorizationRequests.length).toBeLessThanOrEqual(3);
    expect(auth.counts.token).toMatchObject({ authorization_code: 1, refresh_token: 0 });
    await transport.waitFor("closed");
    expect(transport.status.lastError?.code).toBe("AUTH_REQUIRED");
    await expectGone(asked[0]!.context.redirectUrl);
  });

  it("in mid-session: one refresh, and the call is told", async () => {
    const { transport, server, auth, asked } = await withPerson();
    const session = await transport.connectSession();
    await echo(session);
    server.control.refuseAll = true;
    const error = await failureOf(echo(session));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(/^files: .*\(HTTP 401\)/);
    expect(asked).toHaveLength(1);
    expect(auth.counts.token).toMatchObject({ authorization_code: 1, refresh_token: 1 });
    expect(server.counts.calls).toBe(1);
  });
});

describe("more scope", () => {
  const toolScopes = { restricted: "mcp:write" };

  it.each([true, false])(
    "for one tool is got in mid-session, in addition (may ask beyond its registration: %s)",
    async (scopeBeyondRegistration) => {
      const about = { toolScopes, auth: { scopeBeyondRegistration } };
      const { transport, server, asked } = await withPerson(signsIn, {}, about);
      const session = await transport.connectSession();
      const { epoch, sessionId } = transport.status;
      const result = await session.callTool({ name: "restricted" });
      expect(result.content).toEqual([{ type: "text", text: "you may" }]);
      expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch, sessionId });
      expect(asked).toHaveLength(2);
      const scopes = asked.map(({ url }) => url.searchParams.get("scope")!.split(" "));
      expect(scopes[1]).toEqual(expect.arrayContaining([...scopes[0]!, "mcp:write"]));
      expect(await echo(session)).toMatchObject(echoed);
      expect(server.counts).toMatchObject({ refused403: 1, calls: 2 });
      await expectGone(asked[1]!.context.redirectUrl);
    },
  );

  it("that never suffices: asked for once, the call is told, and the connection stays", async () => {
    const { transport, server, auth, asked } = await withPerson(
      signsIn,
      {},
      {
        auth: { scopes: ["mcp", "mcp:more", "offline_access", "openid"] },
      },
    );
    const session = await transport.connectSession();
    server.control.alwaysWantScope = "mcp:more";
    const error = await failureOf(echo(session));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(
      /^files: the server asks for the scope "mcp:more", which was asked for and does not help \(HTTP 403\)/,
    );
    expect(error.message).toMatch(/Does this account have it\?$/);
    expect(asked).toHaveLength(2);
    expect(auth.counts.token.authorization_code).toBe(2);
    expect(server.counts.refusedCalls).toBe(2);
    // The token is good for everything else.
    server.control.alwaysWantScope = undefined;
    expect(await echo(session)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", epoch: 2 });
    expect(asked).toHaveLength(2);
  });
});
