import {
  type AuthorizationServerMetadata,
  discoverOAuthServerInfo,
  IssuerMismatchError,
  type OAuthProtectedResourceMetadata,
} from "@modelcontextprotocol/client";
import type { FetchLike } from "../../contract/credential.js";
import { authRequired } from "./auth-required.js";
import { type ResourceClaim, resourceOf } from "./resource.js";
import { UnsafeAnswer } from "./safe-fetch.js";

/** The authorization server of an MCP server, and the resource that tokens are for. */
export interface Discovered extends ResourceClaim {
  /** The authorization server's name, as its metadata says it. */
  issuer: string;
  url: string;
  metadata: AuthorizationServerMetadata;
  resourceMetadata: OAuthProtectedResourceMetadata | undefined;
}

/**
 * Asks the MCP server for its authorization server, and that one for its metadata.
 * @throws HoldfastError `AUTH_REQUIRED` where there is none, or none that is safe to use
 * @throws what the network failed with; trying again may help
 */
export async function discover(
  server: { name: string; url: URL },
  fetch: FetchLike,
  resourceMetadataUrl?: URL,
): Promise<Discovered> {
  const { name, url } = server;
  let unsafe: UnsafeAnswer | undefined;
  // The SDK treats a failed request as "nothing here" and asks elsewhere, so an unsafe answer is remembered.
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
    return {
      issuer: metadata.issuer,
      url: authorizationServerUrl,
      metadata,
      resourceMetadata,
      ...resourceOf(url, resourceMetadata),
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

/**
 * The scope to ask for: what the user wished, else what the server asked for, else what it advertises. `offline_access` is added
 * to the last two where the authorization server offers it, because it brings a refresh token.
 */
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

/** Whether two issuer names mean the same server. Some servers write their own with a slash at the end, and some without. */
export const isSameIssuer = (a: string, b: string): boolean => a.replace(/\/$/, "") === b.replace(/\/$/, "");
