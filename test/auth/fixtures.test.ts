import { spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  auth,
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  SSEClientTransport,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { SignJWT } from "jose";
import type { Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { withBrowser } from "../browser/browser.js";
import { hashOf } from "../support/auth-server.js";
import { approving } from "../support/browser.js";
import { fastmcpOAuth } from "../support/fastmcp-oauth.js";
import { fixture } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";
import { type SignInWorldOptions, signInWorld } from "../support/sign-in-world.js";

/** What the SDK needs of its user, and nothing more. */
class Provider implements OAuthClientProvider {
  redirectUrl = "http://127.0.0.1:9/callback";
  client: StoredOAuthClientInformation | undefined;
  stored: StoredOAuthTokens | undefined;
  sentTo: URL | undefined;
  discovered: OAuthDiscoveryState | undefined;
  verifier = "";
  readonly clientMetadataUrl?: string;
  constructor(clientMetadataUrl?: string) {
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }
  get clientMetadata() {
    return {
      client_name: "fixture",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "none",
    };
  }
  clientInformation = () => this.client;
  saveClientInformation(client: StoredOAuthClientInformation) {
    this.client = client;
  }
  tokens = () => this.stored;
  saveTokens(tokens: StoredOAuthTokens) {
    this.stored = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.sentTo = url;
  }
  saveCodeVerifier(verifier: string) {
    this.verifier = verifier;
  }
  codeVerifier = () => this.verifier;
  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.discovered = state;
  }
  discoveryState = () => this.discovered;
  invalidateCredentials() {
    this.stored = undefined;
  }
}

type Approve = (url: URL) => Promise<URL>;

/** Signs in and connects. */
async function signedIn(url: string, approve: Approve, provider = new Provider()) {
  const client = new Client({ name: "test", version: "1" });
  const first = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  await expect(client.connect(first)).rejects.toBeInstanceOf(UnauthorizedError);
  const back = await approve(provider.sentTo!);
  await first.finishAuth(back.searchParams);
  await first.close();
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: provider }));
  onTestFinished(() => client.close());
  return { client, provider, back };
}

const echo = async (client: Client) =>
  (await client.callTool({ name: "echo", arguments: { message: "hi" } })).content;
const echoed = [{ type: "text", text: "Echo: hi" }];
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("the authorization server and the protected server", () => {
  it.each([true, false])("sign in, list, call (nobody has to do anything: %s)", async (autoApprove) => {
    const { auth, server } = await signInWorld({ auth: { autoApprove } });
    const { client, back } = await signedIn(server.url, auth.approve);
    expect(back.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/callback\?code=/);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("echo");
    expect(await echo(client)).toEqual(echoed);
    expect(auth.counts).toMatchObject({
      registrations: 1,
      token: { authorization_code: 1, refresh_token: 0 },
    });
    expect(auth.tokenRequests[0]).toMatchObject({ resource: server.url, status: 200 });
    expect(server.counts).toMatchObject({ calls: 1, refused401: 1, refused403: 0 });
  });

  it("a refresh for an expiry, counted, and the refresh token that it used", async () => {
    const { auth, server } = await signInWorld({ auth: { accessTokenSeconds: 3 } });
    const { client, provider } = await signedIn(server.url, auth.approve);
    const before = provider.stored!.refresh_token!;
    await wait(3_100);
    expect(await echo(client)).toEqual(echoed);
    expect(auth.counts.token.refresh_token).toBe(1);
    expect(auth.refreshTokensUsed).toEqual([hashOf(before)]);
    expect(provider.stored!.refresh_token).not.toBe(before);
  });

  it("without rotation the refresh token stays", async () => {
    const { auth, server } = await signInWorld({ auth: { rotateRefreshToken: false } });
    const { provider } = await signedIn(server.url, auth.approve);
    const before = provider.stored!.refresh_token;
    expect(await authorize(server.url, provider)).toBe("AUTHORIZED");
    expect(provider.stored!.refresh_token).toBe(before);
  });

  it("revoked grants, forgotten clients, a person who says no", async () => {
    const { auth, server } = await signInWorld();
    const { provider } = await signedIn(server.url, auth.approve);
    auth.revokeRefreshTokens();
    expect(await authorize(server.url, provider)).toBe("REDIRECT");
    expect(auth.tokenRequests.at(-1)).toMatchObject({ grant_type: "refresh_token", status: 400 });
    const back = await auth.approve(provider.sentTo!, { deny: true });
    expect(back.searchParams.get("error")).toBe("access_denied");
    auth.forgetClients();
    await expect(auth.approve(provider.sentTo!)).rejects.toThrow("invalid_client");
  });

  it("a fault takes a request over, also one that only waits", async () => {
    const { auth } = await signInWorld();
    const metadata = `${auth.issuer}/.well-known/openid-configuration`;
    auth.setFault(async (_request, response) => {
      await wait(1);
      response.writeHead(503).end();
      return true;
    });
    expect((await fetch(metadata)).status).toBe(503);
    auth.setFault(async () => false);
    expect((await fetch(metadata)).status).toBe(200);
    auth.setFault(undefined);
    expect((await fetch(metadata)).status).toBe(200);
    expect(auth.counts.discovery).toBe(3);
  });

  it("the scope of a tool: 403, then more scope, which a registration may not have", async () => {
    const toolScopes = { restricted: "mcp:write" };
    for (const scopeBeyondRegistration of [false, true]) {
      const { auth, server } = await signInWorld({ toolScopes, auth: { scopeBeyondRegistration } });
      const { provider, client } = await signedIn(server.url, auth.approve);
      expect(provider.stored!.scope).toBe("mcp");
      await expect(client.callTool({ name: "restricted" })).rejects.toThrow();
      expect(server.counts.refused403).toBe(1);
      expect(provider.sentTo!.searchParams.get("scope")).toContain("mcp mcp:write");
      const back = await auth.approve(provider.sentTo!);
      if (!scopeBeyondRegistration) {
        expect(back.searchParams.get("error")).toBe("invalid_scope");
        continue;
      }
      const { code, iss } = Object.fromEntries(back.searchParams) as { code: string; iss: string };
      await authorize(server.url, provider, { authorizationCode: code, iss });
      const allowed = await client.callTool({ name: "restricted" });
      expect(allowed.content).toEqual([{ type: "text", text: "you may" }]);
    }
  });

  it("servers that never let anybody in", async () => {
    const { auth, server } = await signInWorld();
    const { provider } = await signedIn(server.url, auth.approve);
    const post = () =>
      fetch(server.url, {
        method: "POST",
        headers: { authorization: `Bearer ${provider.stored!.access_token}` },
      });
    server.control.alwaysWantScope = "mcp:more";
    expect((await post()).headers.get("www-authenticate")).toContain('scope="mcp:more"');
    server.control.refuseAll = true;
    expect((await post()).headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(server.seenAuthorization.at(-1)).toBe(`Bearer ${provider.stored!.access_token}`);
  });

  it("a client that is known by its metadata document", async () => {
    const id = "https://client.example/client.json";
    const document = { ...new Provider().clientMetadata, client_id: id, application_type: "native" };
    const cimd = (url: string) => (url === id ? document : undefined);
    const { auth, server } = await signInWorld({ auth: { cimd } });
    const { client } = await signedIn(server.url, auth.approve, new Provider(id));
    expect(await echo(client)).toEqual(echoed);
    expect(auth.counts.registrations).toBe(0);
    expect(auth.tokenRequests[0]!.client_id).toBe(id);
  });

  it("no registration, where it is off", async () => {
    const { server } = await signInWorld({ auth: { registration: false } });
    await expect(authorize(server.url, new Provider())).rejects.toThrow(
      "does not support dynamic client registration",
    );
  });

  it("client credentials with a secret, and with a key", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "ES256" }] };
    const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
    const clients: NonNullable<SignInWorldOptions["auth"]>["clients"] = [
      {
        ...machine,
        client_id: "secret",
        client_secret: "s",
        token_endpoint_auth_method: "client_secret_basic",
      },
      { ...machine, client_id: "key", jwks, token_endpoint_auth_method: "private_key_jwt" },
    ];
    const { auth, server } = await signInWorld({ auth: { clients } });
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: "1" })
      .setIssuer("key")
      .setSubject("key")
      .setAudience(auth.issuer)
      .setJti("1")
      .setExpirationTime("1m")
      .sign(privateKey);
    const ways: { headers: Record<string, string>; body: Record<string, string> }[] = [
      { headers: { authorization: `Basic ${btoa("secret:s")}` }, body: {} },
      {
        headers: {},
        body: {
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: assertion,
        },
      },
    ];
    for (const { headers, body } of ways) {
      const form = { grant_type: "client_credentials", scope: "mcp", resource: server.url, ...body };
      const answer = await fetch(`${auth.issuer}/token`, {
        method: "POST",
        headers,
        body: new URLSearchParams(form),
      });
      const { access_token } = (await answer.json()) as { access_token: string };
      const headersOf = { authorization: `Bearer ${access_token}` };
      const client = new Client({ name: "test", version: "1" });
      const requestInit = { headers: headersOf };
      await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
      expect(await echo(client)).toEqual(echoed);
      await client.close();
    }
    expect(auth.counts.token.client_credentials).toBe(2);
    expect(auth.tokenRequests.map(({ client_id }) => client_id)).toEqual(["secret", "key"]);
  });

  it("the older SSE, and a WebSocket", async () => {
    const { auth, server } = await signInWorld();
    const { provider } = await signedIn(server.url, auth.approve);
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new SSEClientTransport(new URL(server.sseUrl), { authProvider: provider }));
    expect(await echo(client)).toEqual(echoed);
    await client.close();

    const refused = new WebSocket(server.wsUrl, ["mcp"]);
    const status = await new Promise((resolve) => {
      refused.on("unexpected-response", (_request, response) => resolve(response.statusCode));
    });
    expect(status).toBe(401);
    const headers = { authorization: `Bearer ${provider.stored!.access_token}` };
    const socket = new WebSocket(server.wsUrl, ["mcp"], { headers });
    await new Promise((resolve) => socket.once("open", resolve));
    const answered = new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }));
    expect(await answered).toContain('"id":1');
    socket.close();
  });

  it("a token for something else is no token", async () => {
    const { auth } = await signInWorld();
    const other = await signInWorld();
    const { provider } = await signedIn(other.server.url, other.auth.approve);
    const url = new URL(`${auth.issuer}/authorize`);
    url.search = String(
      new URLSearchParams({
        client_id: await registered(auth.issuer, provider.redirectUrl),
        response_type: "code",
        redirect_uri: provider.redirectUrl,
        code_challenge: createHash("sha256").update("v").digest("base64url"),
        code_challenge_method: "S256",
        scope: "mcp",
        resource: other.server.url,
      }),
    );
    expect((await auth.approve(url)).searchParams.get("error")).toBe("invalid_target");
    expect(other.server.counts.calls).toBe(0);
  });
});

it("the same two as a program, without vitest", async () => {
  const child = spawn(process.execPath, [fixture("sign-in-world.mjs"), '{"auth":{"autoApprove":true}}'], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const { issuer, url } = JSON.parse(String(line)) as { issuer: string; url: string };
  const { client } = await signedIn(url, approving(issuer));
  expect(await echo(client)).toEqual(echoed);
  await client.close();
  child.stdin.end();
  expect(await once(child, "exit")).toEqual([0, null]);
});

describeWith(["chromium"], "the pages of the authorization server", () => {
  const open = withBrowser();

  it.each(["allow", "deny"])("a person signs in, and says %s", async (answer) => {
    const { auth, server } = await signInWorld();
    const provider = new Provider();
    await authorize(server.url, provider);
    const person = async (page: Page) => {
      await page.fill("input[name=login]", "ann");
      await page.fill("input[name=password]", "secret");
      await page.click("button[value=allow]");
      expect(await page.textContent("#scope")).toContain("mcp");
      const back = page.waitForRequest(/callback/);
      await page.click(`button[value=${answer}]`);
      const asked = new URL((await back).url()).searchParams;
      expect(asked.has("code")).toBe(answer === "allow");
      expect(asked.get("error")).toBe(answer === "deny" ? "access_denied" : null);
    };
    // It goes from page to page, which no page of the inspector does.
    await open(provider.sentTo!.href, person, /^asked http:\/\/127\.0\.0\.1/);
    expect(auth.authorizationRequests).toHaveLength(1);
  });
});

describeWith(["fastmcp"], "FastMCP of Python as its own authorization server", () => {
  it("sign in, list, call, refresh", async () => {
    const peer = await fastmcpOAuth();
    const { client, provider } = await signedIn(peer.url, peer.approve);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["echo"]);
    expect(await echo(client)).toMatchObject(echoed);
    const before = provider.stored!.refresh_token;
    expect(await authorize(peer.url, provider)).toBe("AUTHORIZED");
    expect(provider.stored!.refresh_token).not.toBe(before);
    expect(await echo(client)).toMatchObject(echoed);
  });

  it("forgets the refresh token too when it sees an access token that has expired", async () => {
    const peer = await fastmcpOAuth({ accessTokenSeconds: 2 });
    const { client, provider } = await signedIn(peer.url, peer.approve);
    await wait(2_100);
    await expect(echo(client)).rejects.toThrow();
    expect(provider.stored).toBeUndefined();
  });
});

const authorize = (
  serverUrl: string,
  provider: Provider,
  more: { authorizationCode?: string; iss?: string } = {},
) => auth(provider, { serverUrl, ...more });

async function registered(issuer: string, redirect: string): Promise<string> {
  const answer = await fetch(`${issuer}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: [redirect], token_endpoint_auth_method: "none" }),
  });
  return ((await answer.json()) as { client_id: string }).client_id;
}
