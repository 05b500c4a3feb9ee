import {
  checkResourceAllowed,
  type OAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
} from "@modelcontextprotocol/client";
import { shownUrl } from "../../base/redact.js";

/** What tokens are for, by the metadata of the server that wants them. */
export interface ResourceClaim {
  /** The resource indicator, as the metadata writes it. Undefined: there is no metadata. */
  resource: string | undefined;
  /** Whether tokens for it are good for more than this server: others of its origin may take them, too. */
  wide: boolean;
}

/**
 * What tokens for the server at `url` are to be for.
 * @throws Error where the metadata is another server's
 */
export function resourceOf(url: URL, metadata: OAuthProtectedResourceMetadata | undefined): ResourceClaim {
  if (!metadata) return { resource: undefined, wide: false };
  const { resource } = metadata;
  const own = resourceUrlFromServerUrl(url);
  const named = new URL(resource);
  // What stands behind a question mark is often a key, which no metadata repeats.
  const wide = pathOf(named) !== pathOf(own) || !["", own.search].includes(named.search);
  if (wide && !checkResourceAllowed({ requestedResource: own, configuredResource: resource }))
    throw new Error(
      `protected resource ${resource} does not match expected ${shownUrl(own)} (or its origin)`,
    );
  return { resource, wide };
}

/** A slash at the end of the path makes no other server of it. */
const pathOf = ({ origin, pathname }: URL): string => `${origin}${pathname.replace(/\/*$/, "/")}`;

/** Whether a server at `other` would take tokens that are good for all of the origin of `url`. */
export const isBeside = (url: URL, other: URL): boolean =>
  url.origin === other.origin && (pathOf(url) !== pathOf(other) || url.search !== other.search);
