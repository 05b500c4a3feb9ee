import { extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import type { Failure } from "../machines/reducers.js";
import { Lost } from "./lost.js";
import type { FetchLike } from "./network.js";

/** A server's word that what it was shown is not enough. */
export interface Refusal {
  /** 401: another token; 403: more scope. */
  status: 401 | 403;
  /** What was shown. */
  token: string | undefined;
  /** What the server says that it wants. */
  scope: string | undefined;
  resourceMetadataUrl: URL | undefined;
  /** The server's `WWW-Authenticate`, for providers that read it themselves. */
  challenge: string | undefined;
}

/** What one sign-in is given, and tells meanwhile. */
export interface Authorization {
  /** Fires when nobody waits for it any more. */
  signal: AbortSignal;
  progress(step: AuthorizationStep): void;
}

/** Where a sign-in is. */
export interface AuthorizationStep {
  step: "discovering" | "registering" | "waiting" | "exchanging" | "refreshing";
  /** What the person must do next. */
  todo?: string;
  /** Where the person signs in. Not secret, and of use for this one sign-in only. */
  url?: string;
}

/** What a wire shows to be let in. One is shared by all wires of a transport. */
export interface Credential {
  /** The token to show now; undefined: there is none, and the server is asked without. Never waits for a person. */
  token(): string | undefined | Promise<string | undefined>;
  /** The server took this token. */
  accepted?(token: string): void;
  /** Whether anything can be done about this refusal. */
  mends(refusal: Refusal): boolean;
  /**
   * Gets a token that was not refused yet. Those who ask at once share one flow.
   * @throws HoldfastError `AUTH_REQUIRED` when there is none to get; anything else may be tried again
   */
  obtain(refusal: Refusal, authorization: Authorization): Promise<void>;
  /** Wraps the `fetch` that carries the token, where it must be signed (DPoP). */
  sign?(fetch: FetchLike): FetchLike;
}

/** A refusal for which there is something to do; undefined for any other answer. */
export function refusalOf(response: Response, token: string | undefined): Refusal | undefined {
  const { status, headers } = response;
  if (status !== 401 && status !== 403) return undefined;
  const { scope, resourceMetadataUrl, error } = extractWWWAuthenticateParams(response);
  if (status === 403 && error !== "insufficient_scope") return undefined;
  return {
    status,
    token,
    scope,
    resourceMetadataUrl,
    challenge: headers.get("www-authenticate") ?? undefined,
  };
}

/** A refused attempt, where a sign-in may help. Its name is what the SDK's era probe lets through as it is. */
export class Unauthorized extends Lost {
  override readonly name = "UnauthorizedError";

  constructor(readonly refusal: Refusal) {
    super("rejected", { ...unauthorized(refusal), authorizable: true });
  }
}

/** A refusal as a failure that no further attempt can mend. */
export function unauthorized({ status, token, scope }: Refusal): Failure {
  const wants = scope === undefined ? "" : `: it asks for the scope ${JSON.stringify(scope)}`;
  const message =
    status === 403
      ? `the token has not enough scope (HTTP 403)${wants}`
      : token === undefined
        ? "the server wants credentials (HTTP 401)"
        : "the server refuses the credentials (HTTP 401)";
  const hint = status === 401 && token === undefined ? "Pass auth, or an Authorization header" : undefined;
  return { code: "AUTH_REQUIRED", message, ...(hint && { hint }), fatal: true, details: { status } };
}
