import {
  type DpopSession,
  OAuthError,
  OAuthErrorCode,
  refreshAuthorization,
  type StoredOAuthTokens,
} from "@modelcontextprotocol/client";
import type { FetchLike } from "../../contract/credential.js";
import type { Discovered } from "../sign-in/discover.js";
import type { StoredCredential } from "../store/store.js";

/** A token is refreshed in the last 30 % of its life, but at most a minute before its end. */
const MARGIN = 0.3;
const MAX_MARGIN_MS = 60_000;

const left = ({ expiresAt }: StoredCredential) => (expiresAt ?? Number.POSITIVE_INFINITY) - Date.now();

export const isExpired = (credential: StoredCredential): boolean => left(credential) <= 0;

/** Whether it is time to get the next token, while this one still works. */
export function expiresSoon(credential: StoredCredential): boolean {
  const { expiresAt, savedAt } = credential;
  if (expiresAt === undefined) return false;
  return left(credential) <= Math.min(MAX_MARGIN_MS, (expiresAt - savedAt) * MARGIN);
}

/** Whether the token is still in the first 30 % of its life. One without a known life always is. */
export function isYoung({ expiresAt, savedAt }: StoredCredential): boolean {
  return expiresAt === undefined || Date.now() - savedAt < (expiresAt - savedAt) * MARGIN;
}

/** When tokens that were requested at `askedAt` expire, in epoch ms. Undefined: the server did not say. */
export function expiryOf(
  { expires_in: seconds }: { expires_in?: number | undefined },
  askedAt: number,
): number | undefined {
  return seconds === undefined ? undefined : askedAt + seconds * 1000;
}

/** The result of a refresh: new tokens, or what the authorization server no longer accepts. */
export type Refreshed =
  | { credential: StoredCredential }
  /** The refresh token is used up, expired or revoked. */
  | { gone: "tokens" }
  /** The authorization server does not know the client any more. */
  | { gone: "registration" };

/**
 * Trades the refresh token for a new access token. `known` is the client that the user named, which wins over the stored one.
 * @throws what the network or the authorization server failed with; trying again may help
 */
export async function refresh(
  credential: StoredCredential,
  found: Discovered,
  dpop: DpopSession | undefined,
  fetch: FetchLike,
  known?: StoredCredential["registration"],
): Promise<Refreshed> {
  const { tokens } = credential;
  const registration = known ?? credential.registration;
  if (!tokens?.refresh_token || !registration) return { gone: "tokens" };
  const askedAt = Date.now();
  try {
    const next = await refreshAuthorization(found.url, {
      metadata: found.metadata,
      clientInformation: registration,
      refreshToken: tokens.refresh_token,
      fetchFn: fetch,
      ...(found.resource !== undefined && { resource: found.resource }),
      ...(dpop && { dpop }),
    });
    const { expiresAt: _, ...rest } = credential;
    const expiresAt = expiryOf(next, askedAt);
    return {
      credential: {
        ...rest,
        tokens: { scope: tokens.scope, ...next, issuer: found.issuer } as StoredOAuthTokens,
        savedAt: askedAt,
        ...(expiresAt !== undefined && { expiresAt }),
      },
    };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const { code } = error;
    if (code === OAuthErrorCode.InvalidClient || code === OAuthErrorCode.UnauthorizedClient)
      return { gone: "registration" };
    if (code === OAuthErrorCode.InvalidGrant || code === OAuthErrorCode.InvalidDpopProof)
      return { gone: "tokens" };
    throw error;
  }
}
