import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { clientCredentials } from "../../src/auth/credentials/client-credentials.js";
import { oauth } from "../../src/auth/credentials/source.js";
import type { OAuthOptions } from "../../src/auth/sign-in/options.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { CredentialStore } from "../../src/auth/store/store.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { page, refuseLastToken } from "../support/person.js";
import { type SignInWorldOptions, signInWorld } from "../support/sign-in-world.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const CLIENT_SECRET = "canary-client-secret-0123456789";
const REDIRECT_PORT = 43_117;

const said: unknown[][] = [];
beforeEach(() => {
  said.length = 0;
  for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const)
    vi.spyOn(console, method).mockImplementation((...words) => void said.push(words));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** All that anybody could see of a connection, and all that nobody may see in it. */
class Watch {
  readonly seen: unknown[] = [];
  /** By what each is. */
  readonly secrets = new Map<string, Set<string>>();
  readonly urls = new Set<string>();

  secret(kind: string, value: string | null | undefined): void {
    if (!value) return;
    const known = this.secrets.get(kind) ?? new Set();
    this.secrets.set(kind, known.add(value));
  }

  /** What passes between this program and both servers. */
  readonly fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    if (new URL(url).pathname !== "/token") return response;
    const sent = new URLSearchParams(String(init?.body));
    for (const kind of ["code", "code_verifier", "refresh_token", "client_secret", "client_assertion"])
      this.secret(kind, sent.get(kind));
    const authorization = new Headers(init?.headers).get("authorization");
    if (authorization) this.secret("basic", authorization.split(" ")[1]);
    const got = (await response
      .clone()
      .json()
      .catch(() => ({}))) as Record<string, string>;
    for (const kind of ["access_token", "refresh_token", "id_token"]) this.secret(kind, got[kind]);
    return response;
  };

  follow(transport: StreamableHttpTransport): StreamableHttpTransport {
    onTestFinished(() => transport.close());
    transport.subscribe(
      (status, event) => void this.seen.push(structuredClone(status), structuredClone(event)),
    );
    transport.inspect((event) => void this.seen.push(event));
    this.seen.push(transport);
    return transport;
  }

  async tried(work: Promise<unknown>): Promise<unknown> {
    const outcome = await work.then(
      (value) => value,
      (error: unknown) => error,
    );
    this.seen.push(outcome);
    return outcome;
  }

  async stored(store: CredentialStore, server: string): Promise<void> {
    for (const { tokens, registration, dpopKey } of await store.list(server)) {
      this.secret("access_token", tokens?.access_token);
      this.secret("refresh_token", tokens?.refresh_token);
      this.secret("client_secret", registration?.client_secret);
      this.secret("dpop", dpopKey?.d);
    }
  }

  /** @param kinds what must have been there to be seen */
  expectNothing(...kinds: string[]): void {
    expect([...this.secrets.keys()]).toEqual(expect.arrayContaining(kinds));
    const texts = [...this.seen, ...said].flatMap((thing) => [
      inspect(thing, { depth: 10, maxStringLength: null, maxArrayLength: null }),
      JSON.stringify(thing) ?? "",
      thing instanceof Error ? `${thing.stack}` : "",
    ]);
    // The address that the person is sent to may be shown; it holds the state and the challenge.
    let text = texts.join("\n");
    for (const url of this.urls) text = text.replaceAll(url, "[address]");
    expect(text.length).toBeGreaterThan(500);
    const leaked = [...this.secrets].filter(([, values]) =>
      [...values].some((value) => text.includes(value)),
    );
    const where = (value: string) =>
      text.slice(Math.max(0, text.indexOf(value) - 300), text.indexOf(value) + 100);
    const shown = leaked.map(
      ([kind, values]) => `${kind}: ${where([...values].find((v) => text.includes(v))!)}`,
    );
    expect(shown).toEqual([]);
  }
}

const confidential = {
  client_id: "canary",
  client_secret: CLIENT_SECRET,
  redirect_uris: [`http://127.0.0.1:${REDIRECT_PORT}/callback`],
  grant_types: ["authorization_code", "refresh_token"],
  token_endpoint_auth_method: "client_secret_post" as const,
  application_type: "native" as const,
};

async function watched(options: OAuthOptions = {}, about: SignInWorldOptions = {}) {
  const world = await signInWorld({ ...about, auth: { clients: [confidential], ...about.auth } });
  const watch = new Watch();
  const store = options.store ?? memoryStore();
  const person = { deny: false, edit: (_back: URL) => {} };
  const source = oauth({
    store,
    timeoutMs: 5_000,
    onAuthorize: async (url) => {
      watch.urls.add(url.href);
      watch.secret("state", url.searchParams.get("state"));
      const back = await world.auth.approve(url, person);
      watch.secret("code", back.searchParams.get("code"));
      person.edit(back);
      page(back).catch(() => {});
    },
    ...options,
  });
  const { url } = world.server;
  const about2 = { name: "files", url, auth: source, fetch: watch.fetch };
  const logger = { warn: (message: string) => void watch.seen.push(message) };
  const transport = watch.follow(
    new StreamableHttpTransport({ ...about2, logger, reconnect: { baseMs: 10 } }),
  );
  watch.seen.push(source);
  return { ...world, watch, store, person, transport };
}

const client = { clientId: "canary", clientSecret: CLIENT_SECRET, callbackPort: REDIRECT_PORT };

describe("what is secret in a sign-in is nowhere to be seen", () => {
  it.each([
    ["a registered client", {}],
    ["a client with a secret", { ...client, tokenEndpointAuthMethod: "client_secret_post" as const }],
  ])("%s: signed in, refreshed, signed in again, refused", async (_what, options) => {
    const { transport, server, auth, watch, store, person } = await watched(options);
    watch.secret("client_secret", "clientSecret" in options ? CLIENT_SECRET : undefined);
    const session = await transport.connectSession();
    watch.seen.push(session);
    await watch.tried(session.callTool(echo));
    refuseLastToken(server);
    await watch.tried(session.callTool(echo));
    await watch.stored(store, server.url);
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    await watch.tried(session.callTool(echo));
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    person.deny = true;
    const error = await watch.tried(session.callTool(echo));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    await watch.tried(session.callTool(echo));
    await watch.stored(store, server.url);
    watch.expectNothing("state", "code", "code_verifier", "access_token", "refresh_token");
    expect(auth.counts.token).toMatchObject({ authorization_code: 2 });
  });

  it("an authorization server that repeats what it was sent", async () => {
    const { transport, watch, auth } = await watched({
      ...client,
      tokenEndpointAuthMethod: "client_secret_post",
    });
    watch.secret("client_secret", CLIENT_SECRET);
    auth.setFault(async (request, response) => {
      if (request.url !== "/token") return false;
      let body = "";
      for await (const chunk of request) body += chunk;
      const sent = Object.fromEntries(new URLSearchParams(body));
      const answer = {
        error: "invalid_request",
        error_description: `what is ${Object.values(sent).join(" ")}?`,
      };
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(answer));
      return true;
    });
    const error = await watch.tried(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect((error as Error).message).toMatch(
      /^files: the authorization server says invalid_request: what is /,
    );
    watch.expectNothing("state", "code", "code_verifier", "client_secret");
  });

  it("an authorization server that repeats the refresh token", async () => {
    const { transport, watch, auth, server, store } = await watched();
    const session = await transport.connectSession();
    await watch.stored(store, server.url);
    refuseLastToken(server);
    auth.setFault(async (request, response) => {
      if (request.url !== "/token") return false;
      let body = "";
      for await (const chunk of request) body += chunk;
      const error_description = `bad ${new URLSearchParams(body).get("refresh_token")}`;
      const answer = JSON.stringify({ error: "invalid_scope", error_description });
      response.writeHead(400, { "content-type": "application/json" }).end(answer);
      return true;
    });
    const error = await watch.tried(session.callTool(echo));
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    watch.expectNothing("refresh_token", "access_token");
  });

  it.each(["<html>", "{", '{"access_token":17}', "[]"])(
    "a token endpoint that answers %s with the secrets",
    async (text) => {
      const { transport, watch, auth } = await watched();
      auth.setFault(async (request, response) => {
        if (request.url !== "/token") return false;
        let body = "";
        for await (const chunk of request) body += chunk;
        response
          .writeHead(text === "[]" ? 500 : 200, { "content-type": "application/json" })
          .end(`${text} ${body}`);
        return true;
      });
      await watch.tried(transport.connectSession());
      watch.expectNothing("state", "code", "code_verifier");
    },
  );

  it("an answer of the browser that is wrong", async () => {
    const { transport, watch, person } = await watched();
    person.edit = (back) =>
      back.searchParams.set("iss", `https://evil.example/${back.searchParams.get("code")}`);
    expect(await watch.tried(transport.connectSession())).toMatchObject({ code: "AUTH_REQUIRED" });
    watch.expectNothing("state", "code");
  });

  it("a key that tokens are bound to", async () => {
    const { transport, watch, store, server } = await watched({ dpop: true });
    await watch.tried(transport.connectSession());
    await watch.stored(store, server.url);
    watch.expectNothing("dpop", "access_token");
  });

  it("a host that hands the wrong address over", async () => {
    let secret = "";
    const { transport, watch } = await watched({
      onAuthorize: (url) => {
        watch.urls.add(url.href);
        secret = "canary-code-0123456789";
        return `http://127.0.0.1:1/callback?code=${secret}&state=wrong`;
      },
    });
    const error = await watch.tried(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    watch.secret("code", secret);
    watch.expectNothing("code");
  });

  it("a token that is given as it is", async () => {
    const world = await signInWorld();
    const watch = new Watch();
    watch.secret("static", "canary-static-0123456789");
    const { url } = world.server;
    for (const auth of ["canary-static-0123456789", () => "canary-static-0123456789"]) {
      const transport = watch.follow(
        new StreamableHttpTransport({ name: "files", url, auth, fetch: watch.fetch }),
      );
      expect(await watch.tried(transport.connectSession())).toMatchObject({ code: "AUTH_REQUIRED" });
    }
    expect(world.server.seenAuthorization).toContain("Bearer canary-static-0123456789");
    watch.expectNothing("static");
  });

  it("client credentials that an authorization server repeats", async () => {
    const world = await signInWorld();
    const watch = new Watch();
    watch.secret("client_secret", CLIENT_SECRET);
    world.auth.setFault((request, response) => {
      if (request.url !== "/token") return false;
      const answer = JSON.stringify({
        error: "invalid_request",
        error_description: `what is ${CLIENT_SECRET}?`,
      });
      response.writeHead(400, { "content-type": "application/json" }).end(answer);
      return true;
    });
    const { issuer } = world.auth;
    const auth = clientCredentials({ clientId: "machine", clientSecret: CLIENT_SECRET, issuer });
    const about = { name: "jobs", url: world.server.url, auth, fetch: watch.fetch };
    const transport = watch.follow(new StreamableHttpTransport(about));
    const error = await watch.tried(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect((error as Error).message).toMatch(/says invalid_request: what is /);
    watch.expectNothing("client_secret");
  });

  it("client credentials, right and wrong", async () => {
    const machine = {
      client_id: "machine",
      client_secret: CLIENT_SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    } as never;
    const world = await signInWorld({ auth: { clients: [machine] } });
    const watch = new Watch();
    const { url } = world.server;
    for (const clientSecret of [CLIENT_SECRET, "canary-wrong-0123456789"]) {
      watch.secret("client_secret", clientSecret);
      const auth = clientCredentials({
        clientId: "machine",
        clientSecret,
        issuer: world.auth.issuer,
        scopes: "mcp",
      });
      watch.seen.push(auth);
      const transport = watch.follow(
        new StreamableHttpTransport({ name: "jobs", url, auth, fetch: watch.fetch }),
      );
      const session = await watch.tried(transport.connectSession());
      if (clientSecret !== CLIENT_SECRET) expect(session).toMatchObject({ code: "AUTH_REQUIRED" });
      else expect(transport.status.state).toBe("connected");
    }
    watch.expectNothing("client_secret", "access_token");
  });
});
