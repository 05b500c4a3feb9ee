import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { AdapterPayload, ClientMetadata, Configuration, KoaContextWithOIDC } from "oidc-provider";
import { approving } from "./browser.js";

// It warns of Node 20 as it loads, and of what is only for development as it is made.
const { default: Provider, errors } = await quietly(() => import("oidc-provider"));

export type AuthFault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface AuthServerOptions {
  /** The MCP server's URL, or all of them: what a token may be for. The first is taken when a client names none. */
  resource: string | string[] | (() => string | string[]);
  port?: number;
  /** At least 2 for a token that can be used: a JWT counts whole seconds, so that 1 lives for less than one. */
  accessTokenSeconds?: number;
  rotateRefreshToken?: boolean;
  registration?: boolean;
  /** oidc-provider never lets a client ask for more than the `scope` that it registered with; with this it may. */
  scopeBeyondRegistration?: boolean;
  /** Client id metadata documents: what is at a client's URL; undefined: nothing is. Left out: not supported. */
  cimd?: (clientId: string) => object | undefined;
  clients?: ClientMetadata[];
  scopes?: string[];
  /** Access tokens that only this server can read, in place of JWTs. */
  opaque?: boolean;
  /** Nobody has to sign in and consent: the redirects lead straight back. */
  autoApprove?: boolean;
}

/** What a client sent to the token endpoint, and what it got. */
export interface TokenRequest {
  grant_type: string;
  client_id: string | undefined;
  resource: string | undefined;
  scope: string | undefined;
  status: number;
}

/** As `refreshTokensUsed` has them. */
export const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

/** A real authorization server, oidc-provider, on a port of its own. It is yours to stop, in a test or outside. */
export async function startAuthServer(options: AuthServerOptions) {
  const { accessTokenSeconds = 3600, scopes = ["mcp", "mcp:write", "offline_access", "openid"] } = options;
  const counts = {
    token: { authorization_code: 0, refresh_token: 0, client_credentials: 0 } as Record<Grant, number>,
    registrations: 0,
    discovery: 0,
  };
  const tokenRequests: TokenRequest[] = [];
  const authorizationRequests: URLSearchParams[] = [];
  const refreshTokensUsed: string[] = [];
  const stored = new Map<string, Map<string, AdapterPayload>>();
  const sockets = new Set<Socket>();
  let fault: AuthFault | undefined;
  let handle: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;

  const http = createServer(async (request, response) => {
    if (/^\/\.well-known\/(openid-configuration|oauth-authorization-server)/.test(request.url ?? ""))
      counts.discovery++;
    if (await fault?.(request, response)) return;
    handle?.(request, response);
  });
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;

  const resources = () => {
    const { resource } = options;
    return [typeof resource === "function" ? resource() : resource].flat();
  };
  const configuration: Configuration = {
    adapter: (model) => memory(model, stored, model === "Client" && options.scopeBeyondRegistration === true),
    clients: options.clients ?? [],
    scopes,
    jwks: { keys: [signingKey().private] },
    cookies: { keys: ["a test"] },
    routes: { authorization: "/authorize", registration: "/register" },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    // Whoever may refresh gets a refresh token, whether or not it asked for offline access.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    expiresWithSession: () => false,
    rotateRefreshToken: options.rotateRefreshToken ?? true,
    ttl: {
      AccessToken: () => accessTokenSeconds,
      ClientCredentials: () => accessTokenSeconds,
      Grant: () => 86_400,
      IdToken: () => 3_600,
      Interaction: () => 3_600,
      RefreshToken: () => 86_400,
      Session: () => 86_400,
    },
    renderError: (ctx, out) => {
      ctx.type = "text";
      ctx.body = `${out.error}: ${out.error_description ?? ""}`;
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      registration: { enabled: options.registration ?? true },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: false },
      ...(options.cimd && { clientIdMetadataDocument: { enabled: true, ack: "draft-02" } }),
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => [oneOf ?? resources()].flat()[0]!,
        // Without it a token for `openid` would be an opaque one for the userinfo endpoint.
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (!resources().includes(resource)) throw new errors.InvalidTarget();
          const scope = scopes.filter((name) => name !== "openid" && name !== "offline_access").join(" ");
          if (options.opaque) return { scope, audience: resource, accessTokenFormat: "opaque" };
          return { scope, audience: resource, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
        },
      },
    },
    // What it fetches are the documents of clients, which are in the test's hands.
    fetch: async (input, init) => {
      const document = options.cimd?.(String(input));
      return document ? Response.json(document) : fetch(input, init);
    },
  };
  const provider = await quietly(() => new Provider(issuer, configuration));

  provider.use(async (ctx, next) => {
    if (ctx.path.startsWith("/interaction/")) return interact(ctx as unknown as KoaContextWithOIDC);
    if (ctx.path === "/authorize") authorizationRequests.push(new URLSearchParams(ctx.querystring));
    await next();
    if (ctx.path === "/register" && ctx.status === 201) counts.registrations++;
    const { oidc } = ctx as unknown as KoaContextWithOIDC;
    if (oidc?.route !== "token") return;
    const { grant_type = "", ...sent } = (oidc.body ?? {}) as Record<string, string | undefined>;
    if (grant_type in counts.token) counts.token[grant_type as Grant]++;
    if (sent["refresh_token"]) refreshTokensUsed.push(hashOf(sent["refresh_token"]));
    const client_id = oidc.client?.clientId ?? sent["client_id"];
    tokenRequests.push({
      grant_type,
      client_id,
      resource: sent["resource"],
      scope: sent["scope"],
      status: ctx.status,
    });
  });

  /** The pages of the login and of the consent, and what their forms post. */
  async function interact(ctx: KoaContextWithOIDC) {
    const { prompt, grantId, session, params } = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method !== "POST" && !options.autoApprove) {
      ctx.type = "html";
      ctx.body = page(prompt.name, String(params["client_id"]), String(params["scope"] ?? ""));
      return;
    }
    let body = "";
    for await (const chunk of ctx.req) body += chunk;
    const answer = new URLSearchParams(body);
    ctx.respond = false;
    if (answer.get("answer") === "deny") {
      const result = { error: "access_denied", error_description: "the person said no" };
      return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    }
    if (prompt.name === "login") {
      const result = { login: { accountId: answer.get("login") || "person" } };
      return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    }
    const known = grantId ? await provider.Grant.find(grantId) : undefined;
    const grant =
      known ?? new provider.Grant({ accountId: session!.accountId, clientId: String(params["client_id"]) });
    const { missingOIDCScope, missingResourceScopes } = prompt.details as {
      missingOIDCScope?: string[];
      missingResourceScopes?: Record<string, string[]>;
    };
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope);
    for (const [resource, missing] of Object.entries(missingResourceScopes ?? {}))
      grant.addResourceScope(resource, missing);
    return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
  }

  handle = provider.callback();

  return {
    issuer,
    counts,
    /** Every request to the token endpoint that reached it, as it was sent. */
    tokenRequests,
    /** The parameters of every request to the authorization endpoint. */
    authorizationRequests,
    /** `hashOf` each refresh token that a client sent, in order. */
    refreshTokensUsed,
    /** The public keys of its access tokens. */
    jwks: { keys: [signingKey().public] },
    approve: approving(issuer),
    /** As if an administrator revoked all grants: access tokens that are out stay good until they expire. */
    revokeRefreshTokens() {
      for (const model of ["RefreshToken", "Grant", "AuthorizationCode"]) stored.get(model)?.clear();
    },
    /** All dynamic registrations are gone. */
    forgetClients: () => stored.get("Client")?.clear(),
    /** Sees each request first, and says whether it took it over. */
    setFault(to: AuthFault | undefined) {
      fault = to;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (!http.listening) return;
      http.close();
      await once(http, "close");
    },
  };
}

type Grant = "authorization_code" | "refresh_token" | "client_credentials";

const page = (
  prompt: string,
  client: string,
  scope: string,
) => `<!doctype html><title>${prompt}</title><link rel="icon" href="data:,">
<h1>${prompt === "login" ? "Sign in" : "Authorize"}</h1><p id="client">${html(client)}</p>
<p id="scope">${html(scope)}</p><form method="post">
${prompt === "login" ? '<input name="login" required autofocus><input name="password" type="password">' : ""}
<button name="answer" value="allow">${prompt === "login" ? "Sign in" : "Allow"}</button>
<button name="answer" value="deny" formnovalidate>Deny</button></form>`;

const html = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

let key: ReturnType<typeof makeKey> | undefined;
/** One for all servers of a process: to make one takes a while. */
function signingKey() {
  key ??= makeKey();
  return key;
}
function makeKey() {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const about = { kid: "test", alg: "RS256", use: "sig" };
  return {
    private: { ...pair.privateKey.export({ format: "jwk" }), ...about },
    public: { ...pair.publicKey.export({ format: "jwk" }), ...about } as { kty: string },
  };
}

async function quietly<T>(work: () => T | Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/** Where oidc-provider keeps what it must remember: its own store could not be told to forget. */
function memory(model: string, stored: Map<string, Map<string, AdapterPayload>>, dropScope: boolean) {
  const mine = new Map<string, AdapterPayload>();
  stored.set(model, mine);
  const by = (name: "uid" | "userCode", value: string) =>
    [...mine.values()].find((payload) => payload[name] === value);
  return {
    upsert: async (id: string, { scope, ...payload }: AdapterPayload) =>
      void mine.set(id, dropScope || scope === undefined ? payload : { ...payload, scope }),
    find: async (id: string) => mine.get(id),
    findByUid: async (uid: string) => by("uid", uid),
    findByUserCode: async (code: string) => by("userCode", code),
    consume: async (id: string) => {
      const payload = mine.get(id);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id: string) => void mine.delete(id),
    revokeByGrantId: async (grantId: string) => {
      for (const [id, payload] of mine) if (payload.grantId === grantId) mine.delete(id);
    },
  };
}
