import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { stopTime } from "../support/fake-timers.js";
import { gate } from "../support/gate.js";
import { listener } from "../support/listener.js";
import { authorizationMetadata } from "../support/one-origin.js";
import { failureOf, refuseLastToken, signsIn, until, withPerson } from "../support/person.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

const isMetadata = (request: IncomingMessage) => (request.url ?? "").startsWith("/.well-known/");

/** The authorization server's metadata with changes. */
async function answerMetadata(issuer: string, response: ServerResponse, changes: object): Promise<void> {
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify(authorizationMetadata(issuer, changes)));
}

describe("an authorization server", () => {
  it("that is down: the user is told, and in time", async () => {
    const { transport, auth, asked } = await withPerson();
    await auth.stop();
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ server: "files" });
    expect(error.message).toMatch(/^files: .*ECONNREFUSED/);
    expect(asked).toHaveLength(0);
    await until(transport, ({ state }) => state === "closed");
  });

  it("that is down in mid-session: the call goes on once it is there again", async () => {
    const { transport, server, auth, asked } = await withPerson(
      signsIn,
      {},
      {},
      { reconnect: { baseMs: 10 } },
    );
    const session = await transport.connectSession();
    refuseLastToken(server);
    auth.setFault((request) => {
      request.socket.destroy();
      return true;
    });
    const call = session.callTool(echo);
    await until(transport, ({ detail }) => detail === "waiting");
    auth.setFault(undefined);
    expect(await call).toMatchObject(echoed);
    expect(asked).toHaveLength(1);
    expect(server.counts.calls).toBe(1);
  });

  it("that is down for longer than a few attempts: the session lives on", async () => {
    const reconnect = { baseMs: 5, capMs: 10 };
    const { transport, server, auth, asked, events } = await withPerson(signsIn, {}, {}, { reconnect });
    const session = await transport.connectSession();
    refuseLastToken(server);
    auth.setFault((request) => {
      request.socket.destroy();
      return true;
    });
    const call = session.callTool(echo);
    call.catch(() => {});
    const waits = () =>
      events.filter(({ event }) => event.type === "transition" && event.to === "connecting.waiting");
    await until(transport, ({ state }) => waits().length >= 8 || state === "closed");
    expect(transport.status.state).toBe("connecting");
    auth.setFault(undefined);
    expect(await call).toMatchObject(echoed);
    expect(asked).toHaveLength(1);
  });

  it.each(["at the start", "in mid-session"])(
    "that fails after the person signed in, %s: nobody is asked twice",
    async (when) => {
      const { transport, server, auth, asked } = await withPerson(
        signsIn,
        {},
        {},
        {
          reconnect: { initial: true, baseMs: 5 },
        },
      );
      const before = when === "at the start" ? 0 : 1;
      const session = before ? await transport.connectSession() : undefined;
      if (before) {
        refuseLastToken(server);
        auth.revokeRefreshTokens();
      }
      auth.setFault(async (request, response) => {
        if (request.url !== "/token" || asked.length === before) return false;
        response.writeHead(500).end("out of order");
        return true;
      });
      const error = await failureOf(session ? session.callTool(echo) : transport.connectSession());
      expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
      expect(error.message).toMatch(/^files: signed in, and got no token: .*server_error/);
      expect(error.message).toMatch(/Connect again to be asked again\.$/);
      expect(asked).toHaveLength(before + 1);
    },
  );

  it("that never answers: the deadline of the call ends it, and close() ends the rest", async () => {
    const { transport, server, auth } = await withPerson();
    const session = await transport.connectSession();
    refuseLastToken(server);
    const asked = gate();
    auth.setFault(() => {
      asked.open();
      return true;
    });
    const pass = stopTime();
    const call = failureOf(session.callTool(echo, { timeout: 300 }));
    await asked.opened;
    await pass(300);
    expect((await call).message).toMatch(/300|timed out/i);
    expect(transport.status).toMatchObject({ state: "connected", detail: "authorizing" });
    await transport.close();
    expect(server.counts.calls).toBe(0);
  });

  it("that is slow is waited for", async () => {
    const { transport, auth } = await withPerson();
    let slow = 0;
    auth.setFault(async () => {
      slow++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return false;
    });
    expect(await transport.withSession((session) => session.callTool(echo))).toMatchObject(echoed);
    expect(slow).toBeGreaterThan(2);
  });

  it.each([
    ["metadata that is no JSON", isMetadata, "<html>"],
    ["metadata that is another thing", isMetadata, '{"a":1}'],
    ["a registration that is no JSON", (request: IncomingMessage) => request.url === "/register", "<html>"],
    ["a registration without an id", (request: IncomingMessage) => request.url === "/register", "{}"],
    ["a token that is no JSON", (request: IncomingMessage) => request.url === "/token", "<html>"],
    ["a token without a token", (request: IncomingMessage) => request.url === "/token", "{}"],
  ])("that answers with %s: the user is told", async (_what, is, text) => {
    const { transport, auth, asked } = await withPerson();
    let answered = 0;
    auth.setFault((request, response) => {
      if (!is(request)) return false;
      answered++;
      response
        .writeHead(request.url === "/register" ? 201 : 200, { "content-type": "application/json" })
        .end(text);
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(
      /^files: an answer of the sign-in (is not JSON|lacks what it must have: \w+)/,
    );
    expect(answered).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(1);
    await until(transport, ({ state }) => state === "closed");
  });

  it("whose metadata has 10 MB is not read to its end", async () => {
    const { transport, auth, asked } = await withPerson();
    auth.setFault((request, response) => {
      if (!isMetadata(request)) return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`{"issuer":"${"x".repeat(10_000_000)}"}`);
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(
      /^files: signing in is not safe: http:\/\/127\.0\.0\.1:\d+\/\.well-known\/\S+ answered with more than 524288 bytes/,
    );
    expect(asked).toHaveLength(0);
  });

  it("that redirects its token endpoint elsewhere: nothing is sent there", async () => {
    const other = await listener((_request, response) => void response.writeHead(200).end("{}"));
    const { transport, auth } = await withPerson();
    auth.setFault((request, response) => {
      if (request.url !== "/token") return false;
      response.writeHead(307, { location: `${other.origin}/token` }).end();
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(
      /^files: signing in is not safe: http:\S+\/token redirects to http:\S+\/token, which is not followed/,
    );
    expect(other.asked).toEqual([]);
  });

  it.each([
    ["token_endpoint", "http://auth.example/x"],
    ["registration_endpoint", "http://auth.example/x"],
    ["authorization_endpoint", "http://auth.example/x"],
    ["authorization_endpoint", "file:///etc/passwd"],
    ["authorization_endpoint", "ms-settings:x"],
  ])("with the %s %s: nobody is sent there", async (endpoint, address) => {
    const { transport, auth, asked } = await withPerson();
    auth.setFault(async (request, response) => {
      if (!isMetadata(request)) return false;
      await answerMetadata(auth.issuer, response, { [endpoint]: address });
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(/^files: /);
    expect(error.message).toContain(address);
    expect(asked.map(({ url }) => url.href).filter((href) => href.startsWith(address))).toEqual([]);
  });

  it("that calls itself by another name is not trusted", async () => {
    const { transport, auth, asked } = await withPerson();
    auth.setFault(async (request, response) => {
      if (!isMetadata(request)) return false;
      await answerMetadata(auth.issuer, response, { issuer: "https://evil.example" });
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(/^files: the authorization server calls itself "https:\/\/evil\.example"/);
    expect(asked).toHaveLength(0);
  });

  it("without PKCE is not used", async () => {
    const { transport, auth, asked } = await withPerson();
    auth.setFault(async (request, response) => {
      if (!isMetadata(request)) return false;
      await answerMetadata(auth.issuer, response, { code_challenge_methods_supported: ["plain"] });
      return true;
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toMatch(/^files: .*(PKCE with S256|code challenge method S256)/);
    expect(asked).toHaveLength(0);
  });

  it("that takes no registrations: what to do is told", async () => {
    const { transport } = await withPerson(signsIn, {}, { auth: { registration: false } });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toMatch(
      /^files: the authorization server \S+ takes no registrations\. Pass oauth\(\{ clientId \}\)/,
    );
  });

  it("that is not the one that the client is for gets nothing", async () => {
    const options = { clientId: "mine", clientSecret: "s3cret-of-mine", issuer: "https://right.example" };
    const { transport, auth, asked } = await withPerson(signsIn, options);
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toBe(
      `files: the server names the authorization server ${auth.issuer}, and the client is for https://right.example. It was not sent there.`,
    );
    expect(asked).toHaveLength(0);
    expect(auth.authorizationRequests).toEqual([]);
    expect(auth.tokenRequests).toEqual([]);
  });
});
