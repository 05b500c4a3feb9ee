import {
  bearerAuthChallengeResponse,
  getOAuthProtectedResourceMetadataUrl,
  OAuthError,
  OAuthErrorCode,
  verifyBearerToken,
} from "@modelcontextprotocol/server";
import type { OAuthServing } from "./oauth-options.js";
import type { MissingScope } from "./scopes.js";
import { Tokens } from "./tokens.js";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** Who asks, by a token that was verified. */
export interface Holder {
  /** The same for all tokens of one subject. */
  id: string;
  scopes: string[];
  principal: Principal;
}

/** Whose token a client sent. */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
}

/** A resource server's part of OAuth: says whose tokens it takes, verifies them, and says what is missing (RFC 9728, RFC 6750). */
export class OAuthGate {
  readonly #tokens: Tokens;

  /** `url`: where it is served, once it is. */
  constructor(
    private readonly options: OAuthServing,
    private readonly url: () => string,
  ) {
    const audience = () => [this.#resource, this.#resource.replace(/\/$/, ""), `${this.#resource}/`];
    this.#tokens = new Tokens(options, audience);
  }

  get #resource(): string {
    return this.options.resource ?? this.url();
  }

  /** What a client without a token reads to get one; undefined: it asked for something else. */
  metadata(pathname: string): Response | undefined {
    if (pathname !== WELL_KNOWN && !pathname.startsWith(`${WELL_KNOWN}/`)) return undefined;
    const { issuer, scopes } = this.options;
    const metadata = {
      resource: this.#resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      ...(scopes && { scopes_supported: Object.keys(scopes) }),
    };
    return Response.json(metadata, { headers: { "access-control-allow-origin": "*" } });
  }

  /** Who sends a request, or what it hears in place of an answer. */
  async holder(request: Request): Promise<Holder | Response> {
    const { challenge } = this;
    try {
      const header = request.headers.get("authorization");
      const { scopes, extra } = await verifyBearerToken(header, { verifier: this.#tokens, ...challenge });
      const principal = { issuer: String(extra?.["issuer"]), subject: String(extra?.["subject"]) };
      return { id: JSON.stringify([principal.issuer, principal.subject]), scopes, principal };
    } catch (error) {
      return bearerAuthChallengeResponse(error, challenge);
    }
  }

  /** The answer to a request that the token is not enough for. */
  insufficient({ what, scopes }: MissingScope): Response {
    const error = new OAuthError(OAuthErrorCode.InsufficientScope, `the token's scopes do not cover ${what}`);
    // Any of them would do; a client asks for all that are named.
    return bearerAuthChallengeResponse(error, { ...this.challenge, requiredScopes: scopes.slice(0, 1) });
  }

  private get challenge() {
    return { resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(this.#resource)) };
  }
}
