import {
  auth,
  isStrictScopeSuperset,
  type OAuthClientProvider,
  withDpopFromProvider,
} from "@modelcontextprotocol/client";
import { pause } from "../../base/wait.js";
import type { Authorization, Credential, FetchLike, Refusal, Resource } from "../../contract/credential.js";
import { systemClock } from "../../machines/clock.js";
import { explainAuthError } from "../sign-in/explain.js";
import { safeFetch } from "../sign-in/safe-fetch.js";
import { checkToken } from "./header.js";
import { widerScope } from "./scope.js";
import { SharedFlows } from "./shared-flow.js";
import { UntriedToken } from "./untried-token.js";

/** While a person signs in through the provider, how often we look whether it has tokens. */
const LOOK_MS = 300;

/** One provider may serve many transports, and must run one flow at a time. */
const flows = new WeakMap<OAuthClientProvider, SharedFlows<void>>();

/**
 * A provider of the SDK, run by the SDK's own flow. Where the provider sends a person to a sign-in page, the host finishes
 * with the SDK's `auth(provider, { serverUrl, authorizationCode })`. The waiting requests then go on by themselves.
 */
export class SdkCredential implements Credential {
  readonly #untried: UntriedToken;
  /** When to replace the token, by our clock. Set only where that needs no person. */
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
    // Race: the request was refused for an old token, and meanwhile another request replaced that token.
    const replaced = tokens !== undefined && tokens.access_token !== refusal.token;
    if (replaced && (refusal.status === 401 || !isStrictScopeSuperset(refusal.scope, tokens.scope))) return;
    this.#untried.check(refusal);
    const scope =
      refusal.status === 403
        ? widerScope(name, refusal, this.#asked, [this.#asked, tokens?.scope])
        : refusal.scope;
    progress({ step: tokens?.refresh_token && refusal.status === 401 ? "refreshing" : "discovering" });
    try {
      const result = await auth(this.provider, {
        serverUrl: url,
        fetchFn: safeFetch(this.server.fetch, url, signal),
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
    void auth(this.provider, { serverUrl: url, fetchFn: safeFetch(fetch, url) })
      .then(() => this.#got())
      .catch(() => {
        // Not tried again: once the old token stops working, the server says 401.
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
