import { computeScopeUnion, isStrictScopeSuperset, withDpop } from "@modelcontextprotocol/client";
import type { Authorization, Credential, FetchLike, Refusal, Resource } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";
import { unknownClient } from "../sign-in/client.js";
import { type Discovered, discover, isSameIssuer, scopeFor } from "../sign-in/discover.js";
import { explainAuthError } from "../sign-in/explain.js";
import { type OAuthOptions, scopeText } from "../sign-in/options.js";
import { clientKey, knownClient } from "../sign-in/registration.js";
import { isLocal, isSecure, safeFetch } from "../sign-in/safe-fetch.js";
import { signIn } from "../sign-in/sign-in.js";
import type { CredentialStore, StoredCredential } from "../store/store.js";
import { newKey } from "./dpop.js";
import { isHeaderValue } from "./header.js";
import { expiresSoon, expiryOf, isExpired, isYoung } from "./renewal.js";
import { SharedFlows } from "./shared-flow.js";
import { TokenCache } from "./token-cache.js";
import { UntriedToken } from "./untried-token.js";

/** The sign-ins of this program: transports that need the same one share it. */
const flows = new WeakMap<CredentialStore, SharedFlows<void>>();

/**
 * A credential that a person signs in for. What was got is kept in the store, refreshed before it expires by one of all
 * who share the store, and used for this server only.
 */
export class OAuthCredential implements Credential {
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
    // A token in clear text is everybody's.
    if (!isSecure(this.server.url, true)) return undefined;
    await this.#cache.loaded();
    const { current } = this.#cache;
    if (current?.tokens?.refresh_token && expiresSoon(current)) {
      const renewing = this.#renew();
      // Until the last moment the old one is used, and nobody waits.
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
    // Another transport of this program may have done it.
    await this.#cache.load();
  }

  async #obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const { name, url, fetch } = this.server;
    const { progress, signal } = authorization;
    if (!isSecure(url, true))
      throw authRequired(name, "signing in is not safe: the server is neither https nor on this machine");
    await this.#cache.load();
    const { current } = this.#cache;
    // Race: it was refused for a token that was replaced meanwhile.
    const replaced = current?.tokens && this.#cache.token !== refusal.token && !isExpired(current);
    if (replaced && (refusal.status === 401 || covers(current, refusal.scope))) return;
    // A short one may have aged on its way here: servers count in whole seconds, and from another moment.
    if (current && isYoung(current)) this.#untried.check(refusal);
    progress({ step: "discovering" });
    const found = await discover(
      this.server,
      safeFetch(fetch, isLocal(url), signal),
      refusal.resourceMetadataUrl,
    );
    this.#found = found;
    this.#checkIssuer(found);
    let registration = current?.issuer === found.issuer ? current.registration : undefined;
    if (refusal.status === 401 && current?.tokens?.refresh_token && current.issuer === found.issuer) {
      progress({ step: "refreshing" });
      const gone = await this.#refresh(found);
      if (!gone) return;
      if (gone === "registration") registration = this.#forgotten(found);
    }
    const scope = this.#scopeFor(refusal, found);
    const { unattended } = this.#options;
    // No hint of the usual form: the advice ends with a command, which no full stop may follow.
    if (unattended) throw authRequired(name, `needs sign-in. ${unattended(name)}`);
    await this.#signIn(found, scope, registration, authorization);
  }

  async #signIn(
    found: Discovered,
    scope: string | undefined,
    registration: StoredCredential["registration"],
    authorization: Authorization,
  ): Promise<void> {
    const { name, url, fetch, signs } = this.server;
    const key = this.#options.dpop && signs ? await newKey() : undefined;
    const local = isLocal(url);
    const signedIn = await signIn(
      {
        server: name,
        local,
        options: this.#options,
        found,
        scope,
        registration,
        dpop: key?.session,
        fetch: safeFetch(fetch, local, authorization.signal),
        elsewhere: (signal) => this.#cache.elsewhere(scope, found.issuer, signal),
      },
      authorization,
    );
    // Another program signed in, and stored it.
    if (!signedIn) return this.#cache.load();
    const { tokens, askedAt, registration: client } = signedIn;
    checkToken(name, tokens.access_token);
    const expiresAt = expiryOf(tokens, askedAt);
    await this.#cache.save({
      server: this.#cache.server,
      issuer: found.issuer,
      client: this.#client,
      tokens: { ...tokens, issuer: found.issuer },
      savedAt: askedAt,
      registration: client,
      ...(scope !== undefined && { asked: scope }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(key && { dpopKey: key.stored }),
    });
    this.#untried.got(tokens.access_token);
  }

  /** More scope is asked for in addition to what there was, and only once. */
  #scopeFor(refusal: Refusal, found: Discovered): string | undefined {
    const wished = scopeText(this.#options.scopes);
    const current = this.#cache.current?.issuer === found.issuer ? this.#cache.current : undefined;
    if (refusal.status === 401) {
      const scope = scopeFor(wished, refusal.scope, found);
      // What was stepped up to before is not lost with the token.
      return scope === undefined ? undefined : computeScopeUnion(scope, current?.asked);
    }
    const scope = computeScopeUnion(current?.asked ?? current?.tokens?.scope, wished, refusal.scope);
    if (current?.asked !== undefined && !isStrictScopeSuperset(scope, current.asked))
      throw authRequired(
        this.server.name,
        `the server asks for the scope ${JSON.stringify(refusal.scope ?? "")}, which was asked for and does not help (HTTP 403)`,
        "Does this account have it?",
      );
    return scope;
  }

  /** A client that was named by its user goes to the authorization server that the user named, or that was met first. */
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

  /** @throws HoldfastError `AUTH_REQUIRED` where the user named the client */
  #forgotten(found: Discovered): undefined {
    const { clientId } = this.#options;
    if (clientId === undefined) return undefined;
    throw unknownClient(this.server.name, found, clientId);
  }

  /** Gets the next token in time. Its failure is none as long as the old one works; then the server says so. */
  #renew(): Promise<void> {
    const { url, fetch } = this.server;
    this.#renewing ??= (async () => {
      try {
        this.#found ??= await discover(this.server, safeFetch(fetch, isLocal(url)));
        this.#checkIssuer(this.#found);
        if (this.#found.issuer === this.#cache.current?.issuer) await this.#refresh(this.#found);
      } catch {
        // Asked again with the next request.
      } finally {
        this.#renewing = undefined;
      }
    })();
    return this.#renewing;
  }

  /** What is gone where there is no other token; undefined where there is one. */
  async #refresh(found: Discovered): Promise<"tokens" | "registration" | undefined> {
    const { name, url, fetch } = this.server;
    const known = knownClient(this.#options, found);
    const refreshed = await this.#cache.refresh(found, known, safeFetch(fetch, isLocal(url)));
    if ("gone" in refreshed) return refreshed.gone;
    checkToken(name, this.#cache.token ?? "");
    // What a sibling got may have been taken, and refused later.
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

/** @throws HoldfastError `AUTH_REQUIRED`: whoever would send it would quote it */
function checkToken(server: string, token: string): void {
  if (!isHeaderValue(token))
    throw authRequired(server, "the authorization server gave a token that no header can hold");
}

const covers = ({ tokens }: StoredCredential, scope: string | undefined) =>
  scope !== undefined && !isStrictScopeSuperset(scope, tokens?.scope);
