import { type AuthInfo, OAuthError, OAuthErrorCode } from "@modelcontextprotocol/server";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { loader } from "../base/loader.js";
import type { OAuthServing } from "./oauth-options.js";

const loadJose = loader(() => import("jose"));

/** Who gives out the tokens has so long to answer. */
const ASK_MS = 10_000;
/** What was asked of the authorization server holds for so long. */
const KNOWN_MS = 30_000;
const MAX_KNOWN = 1_000;

type Claims = Record<string, unknown>;
/** What a token says of itself, once it was checked that this is true. */
type Check = (token: string, audience: string[]) => Promise<Claims>;

const invalid = (why: string) => new OAuthError(OAuthErrorCode.InvalidToken, why);

/** Verifies bearer tokens: by the keys of the authorization server, or by asking it. */
export class Tokens {
  readonly #check: Check;

  constructor(
    private readonly options: OAuthServing,
    private readonly audience: () => string[],
  ) {
    this.#check = options.introspection ? introspected(options, options.introspection) : signed(options);
  }

  async verifyAccessToken(token: string): Promise<AuthInfo> {
    const { iss, sub, client_id: client, scope, exp } = await this.#check(token, this.audience());
    const subject = sub ?? client;
    if (typeof subject !== "string" || subject === "") throw invalid("the token does not say whose it is");
    return {
      // Nothing behind this point may see the token itself.
      token: "",
      clientId: typeof client === "string" ? client : subject,
      scopes: typeof scope === "string" ? scope.split(" ").filter(Boolean) : [],
      ...(typeof exp === "number" && { expiresAt: exp }),
      extra: { subject, issuer: iss ?? this.options.issuer },
    };
  }
}

function signed(options: OAuthServing): Check {
  type Keys = ReturnType<Awaited<ReturnType<typeof loadJose>>["createRemoteJWKSet"]>;
  let keys: Promise<Keys> | undefined;
  const load = async () => {
    const { createRemoteJWKSet } = await loadJose();
    const url = options.jwksUrl ?? (await described(options.issuer, "jwks_uri"));
    return createRemoteJWKSet(new URL(url), { timeoutDuration: ASK_MS });
  };
  return async (token, audience) => {
    const { jwtVerify, errors } = await loadJose();
    keys ??= load();
    const found = await keys.catch((error: unknown) => {
      keys = undefined;
      throw unreachable(options.issuer, error);
    });
    try {
      const { payload } = await jwtVerify(token, found, { issuer: options.issuer, audience });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
        throw unreachable(options.issuer, error);
      throw invalid(`the token is not accepted: ${error.code}`);
    }
  };
}

function introspected(options: OAuthServing, client: NonNullable<OAuthServing["introspection"]>): Check {
  const known = new Map<string, { until: number; claims: Claims }>();
  const basic = `${encodeURIComponent(client.clientId)}:${encodeURIComponent(client.clientSecret)}`;
  const authorization = `Basic ${Buffer.from(basic).toString("base64")}`;
  const ask = async (token: string): Promise<Claims> => {
    try {
      const url = client.url ?? (await described(options.issuer, "introspection_endpoint"));
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization, accept: "application/json" },
        body: new URLSearchParams({ token, token_type_hint: "access_token" }),
        redirect: "error",
        signal: AbortSignal.timeout(ASK_MS),
      });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      return fieldsOf(await response.json());
    } catch (error) {
      throw unreachable(options.issuer, error);
    }
  };
  return async (token, audience) => {
    const now = Date.now();
    const before = known.get(token);
    const claims = before && before.until > now ? before.claims : await ask(token);
    known.delete(token);
    known.set(token, { until: before?.claims === claims ? before.until : now + KNOWN_MS, claims });
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    if (claims["active"] !== true) throw invalid("the token is not active");
    if (claims["iss"] !== undefined && claims["iss"] !== options.issuer)
      throw invalid("the token is of another issuer");
    if (![claims["aud"]].flat().some((one) => typeof one === "string" && audience.includes(one)))
      throw invalid("the token is not for this server");
    return claims;
  };
}

/** An address in the metadata of the authorization server (RFC 8414, or OpenID Connect). */
async function described(issuer: string, field: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  for (const place of places) {
    const response = await fetch(place, { signal: AbortSignal.timeout(ASK_MS) });
    if (!response.ok) continue;
    const metadata = fieldsOf(await response.json());
    if (metadata["issuer"] !== issuer) throw new Error(`${place} is of the issuer ${metadata["issuer"]}`);
    const found = metadata[field];
    if (typeof found !== "string") throw new Error(`${place} has no ${field}`);
    return found;
  }
  throw new Error(`no metadata at ${places.join(" or ")}`);
}

const unreachable = (issuer: string, error: unknown) =>
  new OAuthError(
    OAuthErrorCode.ServerError,
    `holdfast serve cannot check tokens of ${issuer}: ${messageOf(error)}`,
  );
