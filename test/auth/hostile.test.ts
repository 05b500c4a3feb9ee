import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { newKey } from "../../src/auth/credentials/dpop.js";
import { OAuthCredential } from "../../src/auth/credentials/oauth.js";
import { oauth } from "../../src/auth/credentials/source.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { CredentialStore } from "../../src/auth/store/store.js";
import type { Session } from "../../src/contract/session.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { hashOf } from "../support/auth-server.js";
import { listener } from "../support/listener.js";
import { failureOf, refuseLastToken, signsIn, withPerson } from "../support/person.js";

const echo = (session: Session) => session.callTool({ name: "echo", arguments: { message: "hi" } });
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

/** What a port answers to these bytes. */
async function raw(port: string, bytes: string): Promise<string> {
  const socket = connect(Number(port), "127.0.0.1");
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, "close");
  return text;
}

it.each([
  "GET // HTTP/1.1",
  "GET http://[ HTTP/1.1",
  "GET //[/callback HTTP/1.1",
  "GET /%zz HTTP/1.1",
  "GET * HTTP/1.1",
  "POST /callback HTTP/1.1",
  "GET /callback?state= HTTP/1.1",
  "GET /callback HTTP/1.1\r\nhost: evil.example",
  "CONNECT evil.example:443 HTTP/1.1",
  "nonsense",
])("%j on the callback port harms nothing, and the sign-in goes on", async (head) => {
  let answer: string | undefined;
  const { transport } = await withPerson(async (url, context, world) => {
    const { host, port } = new URL(context.redirectUrl);
    const named = head.includes("host:") ? head : `${head}\r\nhost: ${host}`;
    answer = await raw(port, `${named}\r\nconnection: close\r\n\r\n`);
    await signsIn(url, context, world);
  });
  await transport.connect();
  expect(answer).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
});

const FAR = "https://mcp.example/mcp";
const json = (value: object, status = 200, headers = {}) => Response.json(value, { status, headers });

/** A transport to a server that is elsewhere: all hosts that are not this machine are `answer`. */
function far(url: string, answer: (url: URL, init?: RequestInit) => Response) {
  const store = memoryStore();
  const opened: URL[] = [];
  const transport = new StreamableHttpTransport({
    name: "far",
    url,
    auth: oauth({ store, onAuthorize: (page) => void opened.push(page), timeoutMs: 1_000 }),
    fetch: async (to, init) =>
      new URL(to).hostname === "127.0.0.1" ? fetch(to, init) : answer(new URL(to), init),
  });
  onTestFinished(() => transport.close());
  return { transport, store, opened };
}

describe("a server that is elsewhere", () => {
  const FIELDS = [
    "resource_metadata",
    "authorization_servers",
    "registration_endpoint",
    "authorization_endpoint",
    "token_endpoint",
  ];

  it.each(FIELDS)("cannot make us ask this machine by its %s", async (by) => {
    const inside = await listener((_request, response) => void response.writeHead(200).end("{}"));
    const { error, opened } = await ledTo(`${inside.origin}/admin`, by);
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toContain("is on this machine, and the server is not");
    expect(inside.asked).toEqual([]);
    expect(opened).toEqual([]);
  });

  const FORBIDDEN = [
    ["https://localhost./", "is on this machine"],
    ["https://0.0.0.0/", "is on this machine"],
    ["https://[::]/", "is on this machine"],
    ["https://[::ffff:127.0.0.1]/", "is on this machine"],
    ["https://169.254.169.254/latest", "is a link-local address"],
    ["http://169.254.169.254/latest", "is a link-local address|to non-https token endpoint"],
    ["https://[fe80::1]/", "is a link-local address"],
    ["https://[::ffff:a9fe:a9fe]/", "is a link-local address"],
    ["http://192.0.2.1/", "is neither https nor on this machine|to non-https token endpoint"],
  ];

  it.each(FIELDS.flatMap((by) => FORBIDDEN.map(([to, why]) => [by, to, why] as const)))(
    "cannot lead us by its %s to %s",
    async (by, to, why) => {
      const { error, opened, asked } = await ledTo(to!, by);
      expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
      expect(error.message).toMatch(new RegExp(why!));
      expect(asked).not.toContain(new URL(to!).hostname);
      expect(opened).toEqual([]);
    },
  );

  /** A server that is elsewhere, whose metadata leads to `here` by one of its fields. */
  async function ledTo(here: string, by: string) {
    const asked: string[] = [];
    const origin = "https://mcp.example";
    const { transport, opened, store } = far(FAR, ({ href, pathname, hostname }) => {
      asked.push(hostname);
      if (href === FAR) {
        const at = by === "resource_metadata" ? here : `${origin}/prm`;
        return json({}, 401, { "www-authenticate": `Bearer resource_metadata="${at}"` });
      }
      if (pathname === "/prm")
        return json({
          resource: FAR,
          authorization_servers: [by === "authorization_servers" ? here : origin],
        });
      if (pathname === "/r")
        return json({ client_id: "c", redirect_uris: ["http://127.0.0.1:1/callback"] }, 201);
      if (!pathname.startsWith("/.well-known/oauth-authorization-server")) return json({}, 404);
      return json({
        issuer: origin,
        authorization_endpoint: `${origin}/a`,
        registration_endpoint: `${origin}/r`,
        token_endpoint: `${origin}/t`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
        [by]: here,
      });
    });
    if (by === "token_endpoint") {
      // Asked at a refresh; the person need not come for it.
      await store.update(FAR, ({ save }) => save([{ ...stored(FAR), issuer: origin }]));
    }
    return { error: await failureOf(transport.connect()), opened, asked };
  }

  it("in clear text is never shown a token, and the user is told why", async () => {
    const url = "http://mcp.example/mcp";
    const shown: (string | null)[] = [];
    const { transport, store, opened } = far(url, (_to, init) => {
      shown.push(new Headers(init?.headers).get("authorization"));
      return json({}, 401, { "www-authenticate": "Bearer" });
    });
    await store.update(url, ({ save }) => save([stored(url)]));
    const error = await failureOf(transport.connect());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toMatch(
      /^far: signing in is not safe: the server is neither https nor on this machine/,
    );
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((one) => one !== null)).toEqual([]);
    expect(opened).toEqual([]);
  });
});

/** What a sign-in for a server left in the store. */
const stored = (server: string) => ({
  server,
  issuer: "https://auth.example",
  client: "registered:holdfast",
  registration: { client_id: "c", issuer: "https://auth.example" },
  tokens: { access_token: "the-token", token_type: "Bearer", refresh_token: "the-refresh-token" },
  savedAt: Date.now(),
});

describe.each(["SECRET-TOKEN\n-X", "SECRET-\u2019-TOKEN"])(
  "the token %j, which no header can hold",
  (bad) => {
    it.each(["sign-in", "refresh"])("is not quoted when a %s gives it", async (by) => {
      const { transport, auth, server, events } = await withPerson();
      const session = by === "refresh" ? await transport.connectSession() : undefined;
      if (session) refuseLastToken(server);
      auth.setFault((request, response) => {
        if (request.url !== "/token") return false;
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ access_token: bad, token_type: "Bearer" }));
        return true;
      });
      const error = await failureOf(session ? echo(session) : transport.connect());
      expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
      expect(error.message).toContain("a token that no header can hold");
      const said = events.map(({ status }) => status.lastError?.message ?? "");
      for (const message of [error.message, ...said]) expect(message).not.toContain("SECRET");
    });
  },
);

it("tokens that are bound to a key are sent signed, whether or not `dpop` is set", async () => {
  const proofs: (string | undefined)[] = [];
  const server = await listener((request, response) => {
    proofs.push(request.headers.dpop as string | undefined);
    response.end();
  });
  const store = memoryStore();
  const { stored: dpopKey } = await newKey();
  const one = stored(`${server.origin}/mcp`);
  await store.update(one.server, ({ save }) =>
    save([{ ...one, dpopKey, tokens: { ...one.tokens, token_type: "DPoP" } }]),
  );
  const resource = { name: "files", url: new URL(one.server), fetch, signs: true };
  const credential = new OAuthCredential(resource, {}, store);
  expect(await credential.token()).toBe("the-token");
  await credential.sign(fetch)(one.server, { headers: { authorization: "Bearer the-token" } });
  expect(server.asked.map(({ authorization }) => authorization)).toEqual(["DPoP the-token"]);
  expect(proofs[0]).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
});

describe("a store", () => {
  it("whose save fails after a refresh: the new tokens are used, and the person is not asked", async () => {
    const inner = memoryStore();
    let failing = false;
    const store: CredentialStore = {
      ...inner,
      update: (key, work, signal) =>
        inner.update(
          key,
          ({ stored, save }) =>
            work({
              stored,
              save: async (credentials) => {
                if (!failing) return save(credentials);
                failing = false;
                throw new Error("ENOSPC");
              },
            }),
          signal,
        ),
    };
    const { transport, auth, server, asked } = await withPerson(signsIn, { store });
    const session = await transport.connectSession();
    const [first] = await store.list(server.url);
    failing = true;
    const bad = refuseLastToken(server);
    expect(await echo(session)).toMatchObject(echoed);
    expect(failing).toBe(false);
    // What was not saved is what the next refresh is made with.
    bad.add(server.seenAuthorization.at(-1)!);
    expect(await echo(session)).toMatchObject(echoed);
    expect(auth.refreshTokensUsed[0]).toBe(hashOf(first!.tokens!.refresh_token!));
    expect(new Set(auth.refreshTokensUsed).size).toBe(2);
    expect(auth.tokenRequests.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(asked).toHaveLength(1);
  });

  it("whose list fails for one whole attempt: the next connect works", async () => {
    const inner = memoryStore();
    // The question for the era reads it, and so does the handshake.
    let failing = 2;
    const store: CredentialStore = {
      ...inner,
      list: async (server) => {
        if (failing-- <= 0) return inner.list(server);
        throw new Error("EMFILE");
      },
    };
    const { transport } = await withPerson(signsIn, { store });
    expect((await failureOf(transport.connect())).message).toContain("EMFILE");
    await transport.connect();
  });
});
