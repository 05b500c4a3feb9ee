import {
  type AuthorizationServerMetadata,
  discoverOAuthServerInfo,
  IssuerMismatchError,
  type OAuthClientProvider,
  type OAuthProtectedResourceMetadata,
  selectResourceURL,
} from "@modelcontextprotocol/client";
import type { FetchLike } from "../../contract/credential.js";
import { authRequired } from "./auth-required.js";
import { UnsafeAnswer } from "./safe-fetch.js";

/** Who gives out tokens for a server, and for what. */
export interface Discovered {
  /** As its metadata names it. */
  issuer: string;
  url: string;
  metadata: AuthorizationServerMetadata;
  resourceMetadata: OAuthProtectedResourceMetadata | undefined;
  /** The resource indicator, as the server's metadata writes it. */
  resource: string | undefined;
}

/**
 * Asks the server who gives out its tokens, and that one how.
 * @throws HoldfastError `AUTH_REQUIRED` where it tells no safe way; a failure of the network may be tried again
 */
export async function discover(
  server: { name: string; url: URL },
  fetch: FetchLike,
  resourceMetadataUrl?: URL,
): Promise<Discovered> {
  const { name, url } = server;
  let unsafe: UnsafeAnswer | undefined;
  // The SDK takes an answer that it cannot use for none, and asks elsewhere.
  const fetchFn: FetchLike = async (...request) => {
    try {
      return await fetch(...request);
    } catch (error) {
      if (error instanceof UnsafeAnswer) unsafe = error;
      throw error;
    }
  };
  try {
    const info = await discoverOAuthServerInfo(url, {
      fetchFn,
      ...(resourceMetadataUrl && { resourceMetadataUrl }),
    });
    if (unsafe) throw unsafe;
    const { authorizationServerMetadata: metadata, authorizationServerUrl, resourceMetadata } = info;
    if (!metadata)
      throw authRequired(
        name,
        "the server wants credentials (HTTP 401), and names no authorization server where one could sign in",
        "Pass auth, or an Authorization header",
      );
    const selected = await selectResourceURL(url, {} as OAuthClientProvider, resourceMetadata);
    return {
      issuer: metadata.issuer,
      url: authorizationServerUrl,
      metadata,
      resourceMetadata,
      resource: selected && resourceMetadata?.resource,
    };
  } catch (error) {
    const cause = unsafe ?? error;
    if (cause instanceof IssuerMismatchError)
      throw authRequired(
        name,
        `the authorization server calls itself ${JSON.stringify(cause.received)}, and ${JSON.stringify(cause.expected)} was asked`,
        "It is not trusted",
      );
    throw cause;
  }
}

/** What to ask for: the caller's wish, what the server asked for, what it advertises; and to be refreshed, where that is offered. */
export function scopeFor(
  wished: string | undefined,
  asked: string | undefined,
  { resourceMetadata, metadata }: Discovered,
): string | undefined {
  if (wished !== undefined) return wished;
  const scope = asked ?? (resourceMetadata?.scopes_supported?.join(" ") || undefined);
  const offline = metadata.scopes_supported?.includes("offline_access");
  if (scope === undefined || !offline || scope.split(" ").includes("offline_access")) return scope;
  return `${scope} offline_access`;
}

/** Some write their own name with a slash at its end, and some without. */
export const isSameIssuer = (a: string, b: string): boolean => a.replace(/\/$/, "") === b.replace(/\/$/, "");
