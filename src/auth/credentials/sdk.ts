import {
  auth,
  computeScopeUnion,
  isStrictScopeSuperset,
  type OAuthClientProvider,
  withDpopFromProvider,
} from "@modelcontextprotocol/client";
import { pause } from "../../base/wait.js";
import type { Authorization, Credential, FetchLike, Refusal, Resource } from "../../contract/credential.js";
import { systemClock } from "../../machines/clock.js";
import { authRequired } from "../sign-in/auth-required.js";
import { explainAuthError } from "../sign-in/explain.js";
import { isLocal, safeFetch } from "../sign-in/safe-fetch.js";
import { checkToken } from "./header.js";
import { SharedFlows } from "./shared-flow.js";
import { UntriedToken } from "./untried-token.js";

/** How often a provider that sent a person away is asked whether there are tokens. */
const LOOK_MS = 300;

/** One flow at a time for each provider, however many transports it serves. */
const flows = new WeakMap<OAuthClientProvider, SharedFlows<void>>();

/**
 * A provider of the SDK, with the SDK's own flow. Where the provider sends a person away, the host finishes with the SDK's
 * `auth(provider, { serverUrl, authorizationCode })`, and what waits goes on by itself.
 */
export class SdkCredential implements Credential {
  readonly #untried: UntriedToken;
  /** When the token should be replaced, by our clock; only where nobody has to be asked. */
  #renewAt = Number.POSITIVE_INFINITY;
  #renewing = false;
  #asked: string | undefined;

  constructor(
    private readonly server: Resource,
    private readonly provider: OAuthClientProvider,
  ) {
    this.#untried = new UntriedToken(server.name);
  }

  async token(): Promise<string | undefined> {
    if (systemClock.now() >= this.#renewAt) this.#renew();
    const token = (await this.provider.tokens())?.access_token;
    if (token !== undefined) checkToken(token);
    return token;
  }

  accepted(token: string): void {
    this.#untried.accepted(token);
  }

  mends(): boolean {
    return true;
  }

  signs(): boolean {
    return this.provider.dpop !== undefined;
  }

  sign(fetch: FetchLike): FetchLike {
    return this.provider.dpop ? withDpopFromProvider(this.provider)(fetch) : fetch;
  }

  async obtain(refusal: Refusal, authorization: Authorization): Promise<void> {
    const shared = flows.get(this.provider) ?? new SharedFlows<void>();
    flows.set(this.provider, shared);
    const key = `${this.server.url.href} ${refusal.status} ${refusal.scope ?? ""}`;
    await shared.join(key, (flow) => this.#obtain(refusal, flow), authorization);
  }

  async #obtain(refusal: Refusal, { signal, progress }: Authorization): Promise<void> {
    const { name, url } = this.server;
    const tokens = await this.provider.tokens();
    // Race: it was refused for a token that was replaced meanwhile.
    const replaced = tokens !== undefined && tokens.access_token !== refusal.token;
    if (replaced && (refusal.status === 401 || !isStrictScopeSuperset(refusal.scope, tokens.scope))) return;
    this.#untried.check(refusal);
    const scope = refusal.status === 403 ? this.#moreScope(refusal, tokens?.scope) : refusal.scope;
    progress({ step: tokens?.refresh_token && refusal.status === 401 ? "refreshing" : "discovering" });
    try {
      const result = await auth(this.provider, {
        serverUrl: url,
        fetchFn: safeFetch(this.server.fetch, isLocal(url), signal),
        forceReauthorization: refusal.status === 403 && isStrictScopeSuperset(scope, tokens?.scope),
        ...(scope !== undefined && { scope }),
        ...(refusal.resourceMetadataUrl && { resourceMetadataUrl: refusal.resourceMetadataUrl }),
      });
      if (result !== "AUTHORIZED") {
        progress({ step: "waiting", todo: "Sign in where the program's own provider sent you" });
        await this.#signedIn(tokens?.access_token, signal);
      }
    } catch (error) {
      const client = await Promise.resolve(this.provider.clientInformation()).catch(() => undefined);
      throw explainAuthError(name, error, [
        tokens?.access_token,
        tokens?.refresh_token,
        client?.client_secret,
      ]);
    }
    if (refusal.status === 403) this.#asked = scope;
    await this.#got();
  }

  #moreScope(refusal: Refusal, had: string | undefined): string | undefined {
    const scope = computeScopeUnion(this.#asked, had, refusal.scope);
    if (this.#asked !== undefined && !isStrictScopeSuperset(scope, this.#asked))
      throw authRequired(
        this.server.name,
        `the server asks for the scope ${JSON.stringify(refusal.scope ?? "")}, which was asked for and does not help (HTTP 403)`,
        "Does this account have it?",
      );
    return scope;
  }

  async #got(): Promise<void> {
    const tokens = await this.provider.tokens();
    this.#untried.got(tokens?.access_token);
    const seconds = tokens?.expires_in;
    const alone = this.provider.redirectUrl === undefined && seconds !== undefined;
    this.#renewAt = alone ? systemClock.now() + seconds * 700 : Number.POSITIVE_INFINITY;
  }

  /** Nobody waits for it: until it is there, the old token works. */
  #renew(): void {
    if (this.#renewing) return;
    this.#renewing = true;
    const { url, fetch } = this.server;
    void auth(this.provider, { serverUrl: url, fetchFn: safeFetch(fetch, isLocal(url)) })
      .then(() => this.#got())
      .catch(() => {
        // The server says so when the old token no longer works.
        this.#renewAt = Number.POSITIVE_INFINITY;
      })
      .finally(() => {
        this.#renewing = false;
      });
  }

  async #signedIn(before: string | undefined, signal: AbortSignal): Promise<void> {
    for (;;) {
      const tokens = await this.provider.tokens();
      if (tokens && tokens.access_token !== before) return;
      await pause(systemClock, LOOK_MS, signal);
    }
  }
}
