import { withDpop } from "@modelcontextprotocol/client";
import type { Authorization, Credential, FetchLike, Refusal, Resource } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";
import { type Discovered, discover, isSameIssuer } from "../sign-in/discover.js";
import { explainAuthError } from "../sign-in/explain.js";
import { type OAuthOptions, scopeText } from "../sign-in/options.js";
import { clientKey, knownClient, unknownClient } from "../sign-in/registration.js";
import { isSecure, safeFetch } from "../sign-in/safe-fetch.js";
import type { CredentialStore, StoredCredential } from "../store/store.js";
import { checkIssued } from "./header.js";
import { newCredential } from "./new-credential.js";
import { expiresSoon, isExpired, isYoung } from "./renewal.js";
import { covers, nextScope } from "./scope.js";
import { SharedFlows } from "./shared-flow.js";
import { TokenCache } from "./token-cache.js";
import { UntriedToken } from "./untried-token.js";

/** The sign-ins that run in this program. Transports that need the same one share it. */
const flows = new WeakMap<CredentialStore, SharedFlows<void>>();

/**
 * A credential that a person signs in for. Its tokens are kept in the store and used for this server only. Of all the
 * programs that share the store, one refreshes them before they expire.
 */
export class OAuthCredential implements Credential {
  others: Credential["others"];
  readonly #cache: TokenCache;
  readonly #client: string;
  readonly #untried: UntriedToken;
  readonly #options: OAuthOptions;
  #renewing: Promise<void> | undefined;
  #found: Discovered | undefined;

  constructor(
    private readonly server: Resource,
    options: OAuthOptions,
    private readonly store: CredentialStore,
  ) {
    const url = new URL(server.url);
    url.hash = "";
    this.#options = options;
    this.#client = clientKey(options);
    this.#cache = new TokenCache(store, url.href, options.unattended ? undefined : this.#client);
    this.#untried = new UntriedToken(server.name);
  }

  async token(): Promise<string | undefined> {
    // A token that is sent in clear text can be read by anybody on the way.
    if (!isSecure(this.server.url)) return undefined;
    await this.#cache.loaded();
    const { current } = this.#cache;
    if (current?.tokens?.refresh_token && expiresSoon(current)) {
      const renewing = this.#renew();
      // Nobody waits for a refresh as long as the old token works.
      if (isExpired(current)) await renewing;
    }
    return this.#cache.token;
  }

  accepted(token: string): void {
    this.#untried.accepted(token);
  }

  mends(): boolean {
    return true;
  }

  signs(): boolean {
    return this.#cache.current?.tokens?.token_type.toLowerCase() === "dpop";
  }

  sign(fetch: FetchLike): FetchLike {
    return withDpop(
      () => (this.signs() ? this.#cache.dpop : undefined),
      () => (this.signs() ? this.#cache.token : undefined),
    )(fetch);
  }

  async obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const shared = flows.get(this.store) ?? new SharedFlows<void>();
    flows.set(this.store, shared);
    const key = `${this.#cache.server} ${this.#client} ${refusal.status} ${refusal.scope ?? ""}`;
    try {
      await shared.join(key, (flow) => this.#obtain(refusal, flow), authorization);
    } catch (error) {
      throw explainAuthError(this.server.name, error, this.#secrets());
    }
    // Another transport of this program may have run the flow: take what it stored.
    await this.#cache.load();
  }

  async #obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const { name, url, fetch } = this.server;
    const { progress, signal } = authorization;
    if (!isSecure(url))
      throw authRequired(name, "signing in is not safe: the server is neither https nor on this machine");
    await this.#cache.load();
    const { current } = this.#cache;
    // Race: the request was refused for an old token, and meanwhile another request replaced that token.
    const replaced = current?.tokens && this.#cache.token !== refusal.token && !isExpired(current);
    if (replaced && (refusal.status === 401 || covers(current, refusal.scope))) return;
    // Only of a young token: an older one may have expired before our clock says so, as servers count in whole seconds.
    if (current && isYoung(current)) this.#untried.check(refusal);
    progress({ step: "discovering" });
    const found = await discover(this.server, safeFetch(fetch, url, signal), refusal.resourceMetadataUrl);
    this.#found = found;
    this.#checkIssuer(found);
    let registration = current?.issuer === found.issuer ? current.registration : undefined;
    if (refusal.status === 401 && current?.tokens?.refresh_token && current.issuer === found.issuer) {
      progress({ step: "refreshing" });
      const gone = await this.#refresh(found);
      if (!gone) return;
      if (gone === "registration") registration = this.#forgotten(found);
    }
    const stored = this.#cache.current?.issuer === found.issuer ? this.#cache.current : undefined;
    const { unattended, scopes } = this.#options;
    const scope = nextScope(name, refusal, scopeText(scopes), found, stored);
    // The advice ends with a shell command, so it must not get the full stop that a hint gets.
    if (unattended) throw authRequired(name, `needs sign-in. ${unattended(name)}`);
    await this.#signIn(found, scope, registration, authorization);
  }

  async #signIn(
    found: Discovered,
    scope: string | undefined,
    registration: StoredCredential["registration"],
    authorization: Authorization,
  ): Promise<void> {
    const elsewhere = (signal: AbortSignal) => this.#cache.elsewhere(scope, found.issuer, signal);
    const others = () => this.others?.() ?? [];
    const request = { options: this.#options, found, scope, registration, elsewhere, others };
    const credential = await newCredential(this.server, request, authorization);
    // Another program signed in first, and stored its tokens.
    if (!credential) return this.#cache.load();
    await this.#cache.save({ server: this.#cache.server, client: this.#client, ...credential });
    this.#untried.got(credential.tokens.access_token);
  }

  /** A client id that the user gave is shown only to the issuer that the user named, or else to the first one met. */
  #checkIssuer({ issuer }: Discovered): void {
    const { issuer: given, clientId } = this.#options;
    const named = given ?? (clientId === undefined ? undefined : this.#cache.current?.issuer);
    if (named === undefined || isSameIssuer(named, issuer)) return;
    throw authRequired(
      this.server.name,
      `the server names the authorization server ${issuer}, and the client is for ${named}`,
      "It was not sent there",
    );
  }

  /**
   * The authorization server does not know our client any more: forget the registration, so that a new one is made.
   * @throws HoldfastError `AUTH_REQUIRED` where the user gave the client id, which we cannot replace
   */
  #forgotten(found: Discovered): undefined {
    const { clientId } = this.#options;
    if (clientId === undefined) return undefined;
    throw unknownClient(this.server.name, found, clientId);
  }

  /** Refreshes ahead of time. A failure is ignored: the old token still works, and once it does not the server says 401. */
  #renew(): Promise<void> {
    const { url, fetch } = this.server;
    this.#renewing ??= (async () => {
      try {
        this.#found ??= await discover(this.server, safeFetch(fetch, url));
        this.#checkIssuer(this.#found);
        if (this.#found.issuer === this.#cache.current?.issuer) await this.#refresh(this.#found);
      } catch {
        // The next request tries again.
      } finally {
        this.#renewing = undefined;
      }
    })();
    return this.#renewing;
  }

  /** Undefined: there is a new token. Otherwise what the authorization server no longer accepts. */
  async #refresh(found: Discovered): Promise<"tokens" | "registration" | undefined> {
    const { name, url, fetch } = this.server;
    const known = knownClient(this.#options, found);
    const refreshed = await this.#cache.refresh(found, known, safeFetch(fetch, url));
    if ("gone" in refreshed) return refreshed.gone;
    checkIssued(name, this.#cache.token ?? "");
    // A token that another program got may already have been accepted there, so it does not count as untried.
    if (refreshed.ours) this.#untried.got(this.#cache.token);
    return undefined;
  }

  #secrets(): (string | undefined)[] {
    const { tokens, registration } = this.#cache.current ?? {};
    return [
      tokens?.access_token,
      tokens?.refresh_token,
      registration?.client_secret,
      this.#options.clientSecret,
    ];
  }
}
