import { computeScopeUnion, type DpopSession, isStrictScopeSuperset } from "@modelcontextprotocol/client";
import { whenAborted } from "../../base/abort.js";
import { keepAliveWhile } from "../../base/keep-alive.js";
import type { FetchLike } from "../../contract/credential.js";
import { systemClock } from "../../machines/clock.js";
import type { Discovered } from "../sign-in/discover.js";
import type { CredentialStore, StoredCredential } from "../store/store.js";
import { keyOf } from "./dpop.js";
import { isExpired, type Refreshed, refresh } from "./renewal.js";

/** How often a sign-in looks whether another program was faster. */
const ELSEWHERE_MS = 1_000;

/** What is kept for one server, as this program knows it and as the store has it for all who share it. */
export class TokenCache {
  current: StoredCredential | undefined;
  /** The key that the current tokens are bound to. */
  dpop: DpopSession | undefined;
  #loaded: Promise<void> | undefined;
  /** Counts what is begun, and which of that the current credential comes from. */
  #begun = 0;
  #from = 0;
  /** What the store did not take, and the access token that it still has in its place; undefined: it has none. */
  #unsaved: { credential: StoredCredential; stored: string | undefined } | undefined;

  constructor(
    private readonly store: CredentialStore,
    readonly server: string,
    /** Undefined: whichever client got it. */
    private readonly client: string | undefined,
  ) {}

  get token(): string | undefined {
    return this.current?.tokens?.access_token;
  }

  /** Reads the store before the first use; one that fails is asked again. */
  loaded(): Promise<void> {
    this.#loaded ??= this.load().catch((error) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async load(): Promise<void> {
    const begun = ++this.#begun;
    const newest = await this.#newest();
    // Race: a refresh, or a read that began later, came to its end while this one was under way with the old file.
    if (newest && begun > this.#from) await this.#adopt(newest, begun);
  }

  async save(credential: StoredCredential): Promise<void> {
    this.#unsaved = { credential, stored: this.current && this.token };
    await this.#adopt(credential);
    await keepAliveWhile(
      this.store.update(this.server, ({ stored, save }) =>
        save([credential, ...stored.filter((one) => !isSame(one, credential))]),
      ),
    );
    this.#saved();
  }

  /**
   * One of all who share the store refreshes; the others take what it got. `known` is the client as its user names it
   * now, which wins over the one that was stored.
   */
  refresh(
    found: Discovered,
    known: StoredCredential["registration"],
    fetch: FetchLike,
  ): Promise<Refreshed & { ours?: boolean }> {
    const before = this.current;
    // A program that ends in the midst of it would take the only good refresh token with it.
    return keepAliveWhile(
      this.store.update(this.server, async (update) => {
        const stored = this.#amended(update.stored);
        const mine = stored.find((one) => one.client === before?.client && one.issuer === found.issuer);
        if (!mine) return { gone: "tokens" };
        if (mine.tokens && mine.tokens.access_token !== before?.tokens?.access_token && !isExpired(mine)) {
          await this.#adopt(mine);
          return { credential: mine };
        }
        const refreshed = await refresh(mine, found, await this.#keyOf(mine), fetch, known);
        const others = stored.filter((one) => one !== mine);
        if ("credential" in refreshed) {
          // The old refresh token is used up, whatever becomes of the saving.
          await this.#adopt(refreshed.credential);
          const had = update.stored.find((one) => isSame(one, mine))?.tokens?.access_token;
          this.#unsaved = { credential: refreshed.credential, stored: had };
          await update.save([refreshed.credential, ...others]);
          this.#saved();
          return { ...refreshed, ours: true };
        }
        const { tokens: _, expiresAt: __, registration, ...rest } = mine;
        const keeps = refreshed.gone === "tokens" && registration;
        await update.save(keeps ? [{ ...rest, registration }, ...others] : others);
        return refreshed;
      }),
    );
  }

  /** Settles when another program that shares the store has signed in, with all that is asked for. */
  elsewhere(scope: string | undefined, issuer: string, signal: AbortSignal): Promise<void> {
    const before = this.token;
    return new Promise((resolve) => {
      const look = async () => {
        const newest = await this.#newest().catch(() => undefined);
        if (signal.aborted) return;
        const { tokens } = newest ?? {};
        // A token that was merely refreshed has no more scope than before; what was asked for may have been granted in part.
        const has = computeScopeUnion(tokens?.scope, newest?.asked);
        const fits = newest?.issuer === issuer && !isStrictScopeSuperset(online(scope), has);
        if (fits && tokens && tokens.access_token !== before && !isExpired(newest)) {
          stop();
          resolve();
        } else timer = systemClock.setTimeout(look, ELSEWHERE_MS);
      };
      let timer = systemClock.setTimeout(look, ELSEWHERE_MS);
      const stop = whenAborted(signal, () => systemClock.clearTimeout(timer));
    });
  }

  /** What was read before this moment may be older. */
  #saved(): void {
    this.#unsaved = undefined;
    this.#from = ++this.#begun;
  }

  async #newest(): Promise<StoredCredential | undefined> {
    const stored = this.#amended(await this.store.list(this.server));
    const mine = stored.filter(({ client }) => this.client === undefined || client === this.client);
    return mine.find(({ tokens }) => tokens) ?? mine[0];
  }

  /** What is stored, and in place of what was used up what came of it. */
  #amended(stored: readonly StoredCredential[]): StoredCredential[] {
    const unsaved = this.#unsaved;
    const there = unsaved && stored.find((one) => isSame(one, unsaved.credential));
    // Somebody else stored another one meanwhile.
    if (!unsaved || there?.tokens?.access_token !== unsaved.stored) return [...stored];
    return [unsaved.credential, ...stored.filter((one) => one !== there)];
  }

  async #adopt(credential: StoredCredential, from = ++this.#begun): Promise<void> {
    this.#from = from;
    const dpop = await this.#keyOf(credential);
    if (this.#from !== from) return;
    this.dpop = dpop;
    this.current = credential;
  }

  async #keyOf({ dpopKey }: StoredCredential): Promise<DpopSession | undefined> {
    if (!dpopKey) return undefined;
    // One key, one session: the nonces of the servers are kept in it.
    return dpopKey.x === this.current?.dpopKey?.x ? this.dpop : keyOf(dpopKey);
  }
}

const isSame = (a: StoredCredential, b: StoredCredential) => a.client === b.client && a.issuer === b.issuer;

/** Never a scope of the token: it only says that a refresh token is wanted. */
const online = (scope = "") =>
  scope
    .split(" ")
    .filter((one) => one !== "offline_access")
    .join(" ");
