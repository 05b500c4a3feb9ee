import { computeScopeUnion, type DpopSession, withDpop } from "@modelcontextprotocol/client";
import { systemClock } from "../machines/clock.js";
import type { Authorization, Credential, Refusal } from "../wires/credential.js";
import type { FetchLike } from "../wires/network.js";
import { unknownClient } from "./client.js";
import { type Discovered, discover, scopeFor } from "./discover.js";
import { keyOf, newKey } from "./dpop.js";
import { Freshness } from "./freshness.js";
import { type OAuthOptions, scopeText } from "./options.js";
import { refused } from "./refused.js";
import { clientKey } from "./registration.js";
import { expiresSoon, expiryOf, isExpired, type Refreshed, refresh } from "./renewal.js";
import { safeFetch } from "./safe-fetch.js";
import { SharedFlows } from "./shared-flow.js";
import { signIn } from "./sign-in.js";
import type { CredentialStore, StoredCredential } from "./store.js";
import { told } from "./told.js";

/** The server that a credential is for. */
export interface Resource {
  name: string;
  url: URL;
  fetch: FetchLike;
}

/** How often a sign-in looks whether another program was faster. */
const ELSEWHERE_MS = 1_000;

/** The sign-ins of this program: transports that need the same one share it. */
const flows = new WeakMap<CredentialStore, SharedFlows<void>>();

/**
 * A credential that a person signs in for. What was got is kept in the store, refreshed before it expires by one of all
 * who share the store, and used for this server only.
 */
export class OAuthCredential implements Credential {
  readonly #key: string;
  readonly #client: string;
  readonly #freshness: Freshness;
  readonly #fetch: FetchLike;
  #current: StoredCredential | undefined;
  #dpop: DpopSession | undefined;
  #loaded: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #found: Discovered | undefined;
  /** What was asked for when the current token was signed in for; undefined: by an earlier program. */
  #asked: string | undefined;

  constructor(
    private readonly server: Resource,
    private readonly options: OAuthOptions,
    private readonly store: CredentialStore,
  ) {
    const url = new URL(server.url);
    url.hash = "";
    this.#key = url.href;
    this.#client = clientKey(options);
    this.#freshness = new Freshness(server.name);
    this.#fetch = safeFetch(server.fetch);
  }

  async token(): Promise<string | undefined> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    const current = this.#current;
    if (!current?.tokens) return undefined;
    if (current.tokens.refresh_token && expiresSoon(current)) {
      const renewing = this.#renew(current);
      // Until the last moment the old one is used, and nobody waits.
      if (isExpired(current)) await renewing;
    }
    return this.#current?.tokens?.access_token;
  }

  accepted(token: string): void {
    this.#freshness.accepted(token);
  }

  mends(): boolean {
    return true;
  }

  sign(fetch: FetchLike): FetchLike {
    if (!this.options.dpop) return fetch;
    const bound = () => this.#current?.tokens?.token_type.toLowerCase() === "dpop";
    return withDpop(
      () => (bound() ? this.#dpop : undefined),
      () => (bound() ? this.#current?.tokens?.access_token : undefined),
    )(fetch);
  }

  async obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const shared = flows.get(this.store) ?? new SharedFlows<void>();
    flows.set(this.store, shared);
    const key = `${this.#key} ${this.#client} ${refusal.status} ${refusal.scope ?? ""}`;
    try {
      await shared.join(key, (flow) => this.#obtain(refusal, flow), authorization);
    } catch (error) {
      throw told(this.server.name, error, this.#secrets());
    }
    // Another transport of this program may have done it.
    await this.#load();
  }

  async #obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const { progress, signal } = authorization;
    await this.#load();
    const current = this.#current;
    if (refusal.status === 401 && current?.tokens && current.tokens.access_token !== refusal.token) {
      this.#freshness.got(current.tokens.access_token);
      if (!isExpired(current)) return;
    }
    // A token that aged meanwhile may be refused for that.
    if (current && !isExpired(current) && !expiresSoon(current)) this.#freshness.check(refusal);
    progress({ step: "discovering" });
    const fetch = safeFetch(this.server.fetch, signal);
    const found = await discover(this.server, fetch, refusal.resourceMetadataUrl);
    this.#found = found;
    this.#checkIssuer(found);
    let registration = current?.issuer === found.issuer ? current.registration : undefined;
    if (refusal.status === 401 && current?.tokens?.refresh_token && current.issuer === found.issuer) {
      progress({ step: "refreshing" });
      const refreshed = await this.#refresh(current, found);
      if ("credential" in refreshed) return;
      if (refreshed.gone === "registration") registration = this.#forgotten(found);
    }
    const scope = this.#scopeFor(refusal, found);
    const { unattended } = this.options;
    // No hint of the usual form: the advice ends with a command, which no full stop may follow.
    if (unattended) throw refused(this.server.name, `needs sign-in. ${unattended(this.server.name)}`);
    await this.#signIn(found, scope, registration, authorization);
  }

  async #signIn(
    found: Discovered,
    scope: string | undefined,
    registration: StoredCredential["registration"],
    authorization: Authorization,
  ): Promise<void> {
    const before = this.#current?.tokens?.access_token;
    const key = this.options.dpop ? await newKey() : undefined;
    const {
      tokens,
      askedAt,
      registration: client,
    } = await signIn(
      {
        server: this.server.name,
        options: this.options,
        found,
        scope,
        registration,
        dpop: key?.session,
        fetch: safeFetch(this.server.fetch, authorization.signal),
        elsewhere: (signal) => this.#elsewhere(before, signal),
      },
      authorization,
    );
    const known = await this.#newest();
    // Another program signed in, and stored it.
    if (known?.tokens?.access_token === tokens.access_token) return this.#adopt(known);
    this.#asked = scope;
    const expiresAt = expiryOf(tokens, askedAt);
    await this.#save({
      server: this.#key,
      issuer: found.issuer,
      client: this.#client,
      tokens: { ...tokens, issuer: found.issuer },
      savedAt: askedAt,
      ...(client && { registration: client }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(key && { dpopKey: key.stored }),
    });
    // The first one too, which replaced none.
    this.#freshness.got(tokens.access_token);
  }

  /** More scope is asked for in addition to what there was, and only once. */
  #scopeFor(refusal: Refusal, found: Discovered): string | undefined {
    const wished = scopeText(this.options.scopes);
    if (refusal.status === 401) return scopeFor(wished, refusal.scope, found);
    const had = this.#asked ?? this.#current?.tokens?.scope;
    const scope = computeScopeUnion(had, wished, refusal.scope);
    const missing = (scope ?? "").split(" ").filter((one) => !(this.#asked ?? "").split(" ").includes(one));
    if (missing.length === 0)
      throw refused(
        this.server.name,
        `the server asks for the scope ${JSON.stringify(refusal.scope ?? "")}, which was asked for and does not help (HTTP 403)`,
        "Does this account have it?",
      );
    return scope;
  }

  /** A client that was named by its user goes to the authorization server that the user named, or that was met first. */
  #checkIssuer({ issuer }: Discovered): void {
    const { issuer: given, clientId } = this.options;
    const named = given ?? (clientId === undefined ? undefined : this.#current?.issuer);
    if (named === undefined || trimmed(named) === trimmed(issuer)) return;
    throw refused(
      this.server.name,
      `the server names the authorization server ${issuer}, and the client is for ${named}`,
      "It was not sent there",
    );
  }

  /** @throws HoldfastError `AUTH_REQUIRED` where the user named the client */
  #forgotten(found: Discovered): undefined {
    const { clientId } = this.options;
    if (clientId === undefined) return undefined;
    throw unknownClient(this.server.name, found, clientId);
  }

  /** Gets the next token in time. Its failure is none as long as the old one works; then the server says so. */
  #renew(current: StoredCredential): Promise<void> {
    this.#renewing ??= (async () => {
      try {
        this.#found ??= await discover(this.server, this.#fetch);
        if (this.#found.issuer === current.issuer) await this.#refresh(current, this.#found);
      } catch {
        // Asked again with the next request.
      } finally {
        this.#renewing = undefined;
      }
    })();
    return this.#renewing;
  }

  /** One of all who share the store refreshes; the others take what it got. */
  #refresh(before: StoredCredential, found: Discovered): Promise<Refreshed> {
    return this.store.update(this.#key, async ({ stored, save }) => {
      const known = stored.find((one) => one.client === before.client && one.issuer === found.issuer);
      if (!known) return { gone: "tokens" };
      if (known.tokens && known.tokens.access_token !== before.tokens?.access_token && !isExpired(known)) {
        await this.#adopt(known);
        return { credential: known };
      }
      const refreshed = await refresh(known, found, await this.#keyOf(known), this.#fetch);
      const others = stored.filter((one) => one !== known);
      if ("credential" in refreshed) {
        await save([refreshed.credential, ...others]);
        await this.#adopt(refreshed.credential);
      } else {
        const { tokens: _, registration, expiresAt: __, ...rest } = known;
        const keeps = refreshed.gone === "tokens" && registration;
        await save(keeps ? [{ ...rest, registration }, ...others] : others);
      }
      return refreshed;
    });
  }

  async #save(credential: StoredCredential): Promise<void> {
    await this.store.update(this.#key, async ({ stored, save }) => {
      const others = stored.filter(
        (one) => one.client !== credential.client || one.issuer !== credential.issuer,
      );
      await save([credential, ...others]);
    });
    await this.#adopt(credential);
  }

  async #load(): Promise<void> {
    const newest = await this.#newest();
    if (newest) await this.#adopt(newest);
  }

  async #newest(): Promise<StoredCredential | undefined> {
    const stored = await this.store.list(this.#key);
    const mine = this.options.unattended ? stored : stored.filter(({ client }) => client === this.#client);
    return mine.find(({ tokens }) => tokens) ?? mine[0];
  }

  async #adopt(credential: StoredCredential): Promise<void> {
    const before = this.#current?.tokens?.access_token;
    this.#dpop = await this.#keyOf(credential);
    this.#current = credential;
    const after = credential.tokens?.access_token;
    if (before !== undefined && after !== before) this.#freshness.got(after);
  }

  async #keyOf({ dpopKey }: StoredCredential): Promise<DpopSession | undefined> {
    if (!dpopKey) return undefined;
    // One key, one session: the nonces of the servers are kept in it.
    return dpopKey.x === this.#current?.dpopKey?.x ? this.#dpop : keyOf(dpopKey);
  }

  /** Settles when another program that shares the store has signed in. */
  #elsewhere(before: string | undefined, signal: AbortSignal) {
    return new Promise<NonNullable<StoredCredential["tokens"]>>((resolve) => {
      const look = async () => {
        const newest = await this.#newest().catch(() => undefined);
        if (signal.aborted) return;
        if (newest?.tokens && newest.tokens.access_token !== before && !isExpired(newest))
          resolve(newest.tokens);
        else timer = systemClock.setTimeout(look, ELSEWHERE_MS);
      };
      let timer = systemClock.setTimeout(look, ELSEWHERE_MS);
      signal.addEventListener("abort", () => systemClock.clearTimeout(timer), { once: true });
    });
  }

  #secrets(): (string | undefined)[] {
    const { tokens, registration } = this.#current ?? {};
    return [
      tokens?.access_token,
      tokens?.refresh_token,
      registration?.client_secret,
      this.options.clientSecret,
    ];
  }
}

const trimmed = (issuer: string) => issuer.replace(/\/$/, "");
