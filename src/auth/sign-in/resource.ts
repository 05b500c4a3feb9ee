import {
  checkResourceAllowed,
  type OAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
} from "@modelcontextprotocol/client";
import { shownUrl } from "../../base/redact.js";
import type { Resource } from "../../contract/credential.js";
import { authRequired } from "./auth-required.js";

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
export function resourceOf(
  url: URL,
  metadata: Pick<OAuthProtectedResourceMetadata, "resource"> | undefined,
): ResourceClaim {
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

type Server = Pick<Resource, "name" | "url">;

/**
 * What is to be said of tokens that are good for more than their server, as a clause; undefined where they are not. A server
 * that is wicked may show its token to the others that would take it.
 * @throws HoldfastError `AUTH_REQUIRED` with `strict`, and where one of the `others` would take it
 */
export function widthOf(
  { name, url }: Server,
  { resource, wide }: ResourceClaim,
  { strict, others }: { strict: boolean | undefined; others: readonly Server[] },
): string | undefined {
  if (!wide) return undefined;
  const claim = `the token is to be good for ${resource}, which is more than ${shownUrl(url)}`;
  if (strict)
    throw authRequired(name, claim, "Its metadata must name the server alone, or strictResource be left out");
  const neighbour = others.find((other) => isBeside(url, other.url));
  if (neighbour === undefined) return claim;
  throw authRequired(
    name,
    `${claim}, and the server ${JSON.stringify(neighbour.name)} of this config is there too`,
    "Use them in configs of their own, or have their metadata name each alone",
  );
}

/** Whether a server at `other` would take tokens that are good for all of the origin of `url`. */
const isBeside = (url: URL, other: URL): boolean =>
  url.origin === other.origin && (pathOf(url) !== pathOf(other) || url.search !== other.search);
