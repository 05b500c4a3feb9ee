import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ClientCredentialsOptions,
  clientCredentials,
} from "../../../src/auth/credentials/client-credentials.js";
import { StreamableHttpTransport } from "../../../src/transports/http.js";
import { stopTime } from "../../support/fake-timers.js";
import { failureOf, refuseLastToken, until as untilStatus } from "../../support/person.js";
import { until } from "../../support/settling.js";
import { signInWorld } from "../../support/sign-in-world.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ format: "pem", type: "pkcs8" }) as string;
const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
const clients = [
  {
    ...machine,
    client_id: "with-secret",
    client_secret: "the-secret-of-it",
    token_endpoint_auth_method: "client_secret_basic" as const,
  },
  {
    ...machine,
    client_id: "with-key",
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kty: "EC", kid: "1", alg: "ES256" }] },
    token_endpoint_auth_method: "private_key_jwt" as const,
  },
] as never[];
const secret = { clientId: "with-secret", clientSecret: "the-secret-of-it", scopes: "mcp" };
const key = { clientId: "with-key", privateKey: pem, algorithm: "ES256", scopes: "mcp" };

type Options = Omit<ClientCredentialsOptions, "issuer"> & { issuer?: string };

async function connecting(options: Options, auth: { accessTokenSeconds?: number } = {}) {
  const world = await signInWorld({ auth: { ...auth, clients } });
  const { url } = world.server;
  const source = clientCredentials({ issuer: world.auth.issuer, ...options });
  const transport = new StreamableHttpTransport({ name: "jobs", url, auth: source });
  onTestFinished(() => transport.close());
  return { ...world, transport };
}

describe("client credentials", () => {
  it.each([
    ["a secret", secret],
    ["a key", key],
  ])("with %s: signs in, and again in mid-session, without a person", async (_with, options) => {
    const { transport, server, auth } = await connecting(options);
    const session = await transport.connectSession();
    expect(await session.callTool(echo)).toMatchObject(echoed);
    const { epoch } = transport.status;
    refuseLastToken(server);
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch });
    expect(auth.counts.token.client_credentials).toBe(2);
    expect(auth.counts.registrations).toBe(0);
    expect(auth.authorizationRequests).toEqual([]);
    expect(auth.tokenRequests[0]).toMatchObject({
      client_id: options.clientId,
      resource: server.url,
      status: 200,
    });
  });

  it("are renewed before they expire, and no call notices", async () => {
    const { transport, server, auth } = await connecting(secret, { accessTokenSeconds: 600 });
    const pass = stopTime();
    const session = await transport.connectSession();
    const first = server.seenAuthorization.at(-1);
    const refused = server.counts.refused401;
    // A third of its life is left.
    await pass(400_000);
    expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(auth.counts.token.client_credentials).toBe(1);
    await pass(25_000);
    await until(async () => {
      expect(await session.callTool(echo)).toMatchObject(echoed);
      return server.seenAuthorization.at(-1) !== first;
    });
    expect(auth.counts.token.client_credentials).toBe(2);
    expect(server.counts.refused401).toBe(refused);
  });

  it("of a wrong secret: the user is told, once", async () => {
    const { transport, auth } = await connecting({ ...secret, clientSecret: "another-secret" });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "jobs" });
    expect(error.message).toMatch(/^jobs: the authorization server says invalid_client/);
    expect(error.message).not.toContain("another-secret");
    expect(auth.tokenRequests.length).toBeLessThanOrEqual(2);
    await untilStatus(transport, ({ state }) => state === "closed");
  });

  it.each([
    ["a secret", secret],
    ["a key", key],
  ])(
    "with %s for another issuer: nothing is sent to the one that the server names",
    async (_with, options) => {
      const { transport, auth } = await connecting({ ...options, issuer: "https://right.example" });
      const error = await failureOf(transport.connectSession());
      expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "jobs" });
      expect(error.message).toMatch(/^jobs: /);
      expect(error.message).toContain(auth.issuer);
      expect(error.message).toContain("https://right.example");
      expect(auth.tokenRequests).toEqual([]);
    },
  );

  it("that a server refuses for ever: bounded, and the user is told", async () => {
    const { transport, server, auth } = await connecting(secret);
    server.control.refuseAll = true;
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "jobs" });
    expect(error.message).toMatch(/^jobs: the server refuses the token that it was just given \(HTTP 401\)/);
    expect(auth.counts.token.client_credentials).toBe(1);
  });
});
