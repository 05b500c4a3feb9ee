import { checkString, checkStrings, invalid } from "../base/check.js";
import type { AccessList } from "../config/server.js";

/** OAuth in front: `serve` is a resource server, and takes the tokens of an authorization server. */
export interface OAuthServing {
  /** The issuer of the tokens, as its metadata and they themselves have it. */
  issuer: string;
  /** What tokens must be for: the URL at which clients reach `serve`. Default: the URL at which it is served. */
  resource?: string;
  /** Where the keys are. Default: as the issuer's metadata says. */
  jwksUrl?: string;
  /** Asks the authorization server about each token, in place of verifying its signature; needed where tokens are not JWTs. */
  introspection?: { url?: string; clientId: string; clientSecret: string };
  /**
   * What each scope lets its holder see and use: globs by the names that are shown at `path`, as in `allow` of a config. A list
   * counts for tools, prompts and resources; an object gives what it names. Default: who has a token that is accepted may use all.
   */
  scopes?: Readonly<Record<string, AccessList>>;
}

/** @throws HoldfastError `CONFIG_INVALID` */
export function checkOAuthServing(oauth: OAuthServing): void {
  if (typeof oauth !== "object" || oauth === null) throw invalid("oauth", "expected { issuer }");
  checkWeb("oauth.issuer", oauth.issuer);
  if (oauth.resource !== undefined) checkWeb("oauth.resource", oauth.resource);
  if (oauth.jwksUrl !== undefined) checkWeb("oauth.jwksUrl", oauth.jwksUrl);
  const { introspection, scopes = {} } = oauth;
  if (introspection) {
    if (introspection.url !== undefined) checkWeb("oauth.introspection.url", introspection.url);
    checkString("oauth.introspection.clientId", introspection.clientId);
    checkString("oauth.introspection.clientSecret", introspection.clientSecret);
  }
  for (const [scope, list] of Object.entries(scopes)) {
    const path = `oauth.scopes.${scope}`;
    if (Array.isArray(list)) checkStrings(path, list);
    else
      for (const kind of ["tools", "prompts", "resources"] as const)
        checkStrings(`${path}.${kind}`, list[kind]);
  }
}

/** Keys and answers about tokens come from there: whoever is on the way must not be able to write them. */
function checkWeb(path: string, value: string): void {
  checkString(path, value);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const local = url && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!url || url.hash || !(url.protocol === "https:" || (url.protocol === "http:" && local)))
    throw invalid(path, "expected an https URL; http is for this machine only");
}
