import { once } from "node:events";
import { createServer } from "node:http";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { clientCredentials, MCPConfigTransport, StreamableHttpTransport } from "../../src/index.js";
import { type HttpOptions, type OAuthServing, serve } from "../../src/serve/index.js";
import { type AuthServerOptions, startAuthServer } from "../support/auth-server.js";
import { CLIENTS } from "../support/clients.js";
import { closing, fixture, rejection, textOf, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { httpServer } from "../support/http-server.js";
import { post } from "../support/post.js";

const machine = (id: string) => ({
  client_id: id,
  client_secret: `the secret of ${id}`,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [] as [],
});

interface Wanted {
  auth?: Partial<AuthServerOptions>;
  oauth?: Partial<OAuthServing>;
  http?: HttpOptions;
  servers?: object;
}

/** Two servers behind serve, and a real authorization server that knows Alice and Bob. */
async function world({ auth: more = {}, oauth = {}, http = {}, servers = {} }: Wanted = {}) {
  let resource = "";
  const auth = await startAuthServer({
    resource: () => [resource, "http://127.0.0.1:1/other"],
    clients: [machine("alice"), machine("bob")],
    ...more,
  });
  onTestFinished(() => auth.stop());
  const stdio = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
  const config = { mcpServers: { a: stdio, b: stdio, ...servers } };
  const transport = closing(new MCPConfigTransport({ config, era: "legacy" }));
  const start = (port = 0) =>
    serve(transport, { http: { ...http, port, oauth: { issuer: auth.issuer, ...oauth } } });
  const served = await start();
  onTestFinished(() => served.close());
  resource = served.url!;
  const tokenOf = async (
    id: string,
    { scope = "mcp", ...wanted }: { scope?: string; resource?: string } = {},
  ) => {
    const response = await fetch(`${auth.issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${id}:${encodeURIComponent(`the secret of ${id}`)}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope, resource, ...wanted }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  };
  return { auth, served, url: new URL(resource), tokenOf, start };
}

const postAs = (url: URL, token: string | undefined, body: object, headers: Record<string, string> = {}) =>
  post(url, body, { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers });

const clientInfo = { name: "x", version: "1" };
const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
const initialize = { id: 1, method: "initialize", params };
const ping = { id: 2, method: "ping" };
const wireOf = (url: URL, token: string) =>
  new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } });

async function sessionOf(url: URL, token: string) {
  const shaken = await postAs(url, token, initialize);
  await shaken.text();
  return { "mcp-session-id": shaken.headers.get("mcp-session-id")! };
}

describe("serve as an OAuth resource server", () => {
  it("says whose tokens it takes, and a client that knows nothing else gets one and is served", async () => {
    const { auth, url } = await world();
    const metadata = new URL("/.well-known/oauth-protected-resource/mcp", url);
    const refused = await postAs(url, undefined, initialize);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain(`resource_metadata="${metadata.href}"`);
    expect(await (await fetch(metadata, { headers: { connection: "close" } })).json()).toMatchObject({
      resource: url.href,
      authorization_servers: [auth.issuer],
    });
    const credentials = {
      issuer: auth.issuer,
      clientId: "alice",
      clientSecret: "the secret of alice",
      scope: "mcp",
    };
    const transport = closing(new StreamableHttpTransport({ url, auth: clientCredentials(credentials) }));
    const session = await transport.connectSession();
    const result = await session.callTool({ name: "a_echo", arguments: { message: "x" } });
    expect(textOf(result)).toBe("Echo: x");
  });

  it("refuses a token for somebody else, a forged one, and one that expired", async () => {
    const { url, tokenOf } = await world({ auth: { accessTokenSeconds: 2 } });
    const other = await tokenOf("alice", { resource: "http://127.0.0.1:1/other" });
    const good = await tokenOf("alice");
    const forged = `${good.slice(0, -6)}AAAAAA`;
    for (const token of [other, forged, "none"]) {
      const refused = await postAs(url, token, initialize);
      expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringContaining('error="invalid_token"'),
      ]);
      expect(await refused.text()).not.toContain(token);
    }
    await until(async () => (await postAs(url, good, ping)).status === 401);
  });

  it("asks the authorization server about tokens that only that one can read", async () => {
    const introspection = { clientId: "bob", clientSecret: "the secret of bob" };
    const { url, tokenOf } = await world({ auth: { opaque: true }, oauth: { introspection } });
    const client = await CLIENTS["SDK 1"](wireOf(url, await tokenOf("alice")));
    expect(await client.call("b_echo", { message: "x" })).toBe("Echo: x");
    const other = await tokenOf("alice", { resource: "http://127.0.0.1:1/other" });
    expect((await postAs(url, other, initialize)).status).toBe(401);
    expect((await postAs(url, "made up", initialize)).status).toBe(401);
  });

  it("is no answer about a token when the authorization server cannot be reached", async () => {
    const { auth, url, tokenOf } = await world();
    const token = await tokenOf("alice");
    await auth.stop();
    expect((await postAs(url, token, initialize)).status).toBe(500);
  });

  it("sends no token of a client to a server", async () => {
    const seen: string[] = [];
    const upstream = createServer((request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.writeHead(404).end();
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    onTestFinished(() => void upstream.close());
    const { port } = upstream.address() as { port: number };
    const { url, tokenOf } = await world({ servers: { c: { url: `http://127.0.0.1:${port}/mcp` } } });
    const token = await tokenOf("alice");
    await sessionOf(url, token);
    await until(() => seen.length > 0);
    expect(seen.join()).not.toContain(token.split(".")[1]);
  });
});

describe("what the scopes of a token give", () => {
  const scopes = { mcp: ["a_*"], "mcp:write": ["*"] };

  it.each(Object.entries(CLIENTS))(
    "a client of the %s sees and uses what they cover",
    async (_kind, client) => {
      const { url, tokenOf } = await world({ oauth: { scopes } });
      const narrow = await tokenOf("alice");
      const one = await client(wireOf(url, narrow));
      const tools = await one.tools();
      expect(tools).toContain("a_echo");
      expect(tools.filter((name) => !name.startsWith("a_"))).toEqual([]);
      expect(await one.call("a_echo", { message: "x" })).toBe("Echo: x");
      expect(await rejection(one.call("b_echo", { message: "x" }))).toBeInstanceOf(Error);
      const wide = await client(wireOf(url, await tokenOf("alice", { scope: "mcp mcp:write" })));
      expect(await wide.call("b_echo", { message: "x" })).toBe("Echo: x");
    },
  );

  it("what they do not cover is answered with the scope that would, at the address of one server, too", async () => {
    const { url, tokenOf } = await world({ oauth: { scopes } });
    const token = await tokenOf("alice");
    const call = { id: 3, method: "tools/call", params: { name: "echo", arguments: { message: "x" } } };
    const ofB = new URL(`${url.href}/b`);
    const refused = await postAs(ofB, token, call, await sessionOf(ofB, token));
    expect(refused.status).toBe(403);
    const challenge = refused.headers.get("www-authenticate");
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="mcp:write"');
    const ofA = new URL(`${url.href}/a`);
    const answered = await postAs(ofA, token, call, await sessionOf(ofA, token));
    expect(await answered.text()).toContain("Echo: x");
    const extension = { id: 4, method: "anything/else", params: {} };
    expect((await postAs(ofA, token, extension, await sessionOf(ofA, token))).status).toBe(403);
    const status = new URL("/status", url);
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    expect((await fetch(status, { headers })).status).toBe(403);
  });
});

describe("a session of one holder of tokens", () => {
  it("is no other's, and goes on with a new token, and after a restart with the same key", async () => {
    const { served, url, tokenOf, start } = await world({ http: { sessionKey: "a key of the test's" } });
    const [alice, bob] = [await tokenOf("alice"), await tokenOf("bob")];
    const session = await sessionOf(url, alice);
    expect((await postAs(url, bob, ping, session)).status).toBe(404);
    const again = await postAs(url, await tokenOf("alice"), ping, session);
    expect(again.status).toBe(200);
    await again.text();
    await served.close();
    const restarted = await start(Number(url.port));
    onTestFinished(() => restarted.close());
    expect((await postAs(url, bob, ping, session)).status).toBe(404);
    expect((await postAs(url, alice, ping, session)).status).toBe(200);
  });
});

describe("credentialFor", () => {
  it("shows a server what is each principal's own, over connections that nobody else uses", async () => {
    const server = await httpServer();
    const credentialFor: HttpOptions["credentialFor"] = ({ subject }, name) =>
      name === "web" ? { token: () => `upstream of ${subject}`, headers: { "X-User": subject } } : undefined;
    const web = {
      url: server.url,
      headers: { authorization: "Bearer everybody's", "x-user": "all", "x-site": "s" },
    };
    const { url, tokenOf } = await world({ http: { credentialFor }, servers: { web } });
    const clients = [];
    for (const who of ["alice", "bob"]) {
      const client = await CLIENTS["SDK 1"](wireOf(url, await tokenOf(who)));
      expect(await client.call("web_echo", { message: who })).toBe(`Echo: ${who}`);
      clients.push(client);
    }
    const one = await CLIENTS["SDK 2, modern"](wireOf(new URL(`${url}/web`), await tokenOf("alice")));
    expect(await one.call("echo", { message: "x" })).toBe("Echo: x");
    const shown = server.control.headers.map((headers) => [
      headers.authorization,
      headers["x-user"],
      headers["x-site"],
    ]);
    expect(new Set(shown.map((each) => each.join()))).toEqual(
      new Set(["Bearer upstream of alice,alice,s", "Bearer upstream of bob,bob,s"]),
    );
    // At either address the same connection; none for both.
    expect(server.sessions.size).toBe(2);
    const owners = new Map<unknown, Set<unknown>>();
    for (const { authorization, "mcp-session-id": id } of server.control.headers)
      if (id) owners.set(id, (owners.get(id) ?? new Set()).add(authorization));
    expect([...owners.values()].map(({ size }) => size)).toEqual([1, 1]);
  });

  it.each(["legacy", "modern"])(
    "a %s request that is being let in while serve closes gets an answer or its end, and nothing of it stays",
    async (era) => {
      const server = await httpServer();
      const { open, opened } = gate();
      let held = 0;
      server.control.fault = ({ method }, response) => {
        if (method !== "POST") return false;
        held++;
        void opened.then(() => response.writeHead(503).end());
        return true;
      };
      const asked: string[] = [];
      const credentialFor: HttpOptions["credentialFor"] = ({ subject }) => {
        asked.push(subject);
        return { token: subject };
      };
      const web = { url: server.url };
      const { url, served, tokenOf } = await world({ http: { credentialFor }, servers: { web } });
      const at = new URL(`${url}/web`);
      const tokens = [await tokenOf("alice"), await tokenOf("bob")];
      const meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "x", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      };
      const list = { id: 1, method: "tools/list", params: { _meta: meta } };
      const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" };
      const answers = tokens.map((token) =>
        (era === "legacy" ? postAs(at, token, initialize) : postAs(at, token, list, headers)).then(
          async (answer) => void (await answer.text()),
          () => {},
        ),
      );
      await until(() => held >= 2);
      await served.close();
      await Promise.all(answers);
      expect(new Set(asked)).toEqual(new Set(["alice", "bob"]));
      open();
      // No connection of theirs lives: `nothing-left` looks at the sockets and timers of this file.
      expect(server.sessions.size).toBe(0);
    },
  );
});

it("who may not use all servers does not learn their names from an address at which nothing is", async () => {
  const scopes = { mcp: ["a_*"], "mcp:write": ["*"] };
  const { url, tokenOf } = await world({ oauth: { scopes } });
  const at = (token: string) => postAs(new URL(`${url}/no-such`), token, initialize);
  const narrow = await at(await tokenOf("alice"));
  expect([narrow.status, await narrow.text()]).toEqual([404, expect.not.stringMatching(/"a|\bb\b|: a, b/)]);
  const whole = await at(await tokenOf("alice", { scope: "mcp:write" }));
  expect([whole.status, await whole.text()]).toEqual([404, expect.stringContaining("a, b")]);
});
