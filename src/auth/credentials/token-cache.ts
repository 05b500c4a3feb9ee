import { computeScopeUnion, type DpopSession, isStrictScopeSuperset } from "@modelcontextprotocol/client";
import { whenAborted } from "../../base/abort.js";
import { keepAliveWhile } from "../../base/keep-alive.js";
import type { FetchLike } from "../../contract/credential.js";
import { systemClock } from "../../machines/clock.js";
import type { Discovered } from "../sign-in/discover.js";
import type { CredentialStore, StoredCredential } from "../store/store.js";
import { keyOf } from "./dpop.js";
import { isExpired, type Refreshed, refresh } from "./renewal.js";

/** How often a sign-in looks in the store whether another program has finished the same one. */
const ELSEWHERE_MS = 1_000;

/**
 * The credential of one server: the copy in this program's memory, and the stored one that several programs share. This class
 * keeps the two consistent.
 */
export class TokenCache {
  current: StoredCredential | undefined;
  /** The key that the current tokens are bound to. */
  dpop: DpopSession | undefined;
  #loaded: Promise<void> | undefined;
  /** Numbers each read and write, in the order in which they begin. */
  #begun = 0;
  /** The number of the read or write that `current` comes from. */
  #from = 0;
  /** A credential that the store has not taken yet, and the access token that is still stored in its place, if any. */
  #unsaved: { credential: StoredCredential; stored: string | undefined } | undefined;

  constructor(
    private readonly store: CredentialStore,
    readonly server: string,
    /** Only credentials of this client count. Undefined: of any client. */
    private readonly client: string | undefined,
  ) {}

  get token(): string | undefined {
    return this.current?.tokens?.access_token;
  }

  /** Reads the store once, before the first use. After a failure the next call reads again. */
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
    // Race: a refresh, or a read that began later, finished while this one was still reading the old file. Its result is newer.
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
   * Of all programs that share the store, one refreshes and the others take its result. `known` is the client that the user
   * names now; it wins over the stored one. `ours` is true where this program did the refresh.
   */
  refresh(
    found: Discovered,
    known: StoredCredential["registration"],
    fetch: FetchLike,
  ): Promise<Refreshed & { ours?: boolean }> {
    const before = this.current;
    // A program that ended halfway would take the only valid refresh token with it.
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
          // The old refresh token is used up, even if saving the new one fails.
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

  /** Settles when another program that shares the store has signed in to `issuer` and got all of `scope`. */
  elsewhere(scope: string | undefined, issuer: string, signal: AbortSignal): Promise<void> {
    const before = this.token;
    return new Promise((resolve) => {
      const look = async () => {
        const newest = await this.#newest().catch(() => undefined);
        if (signal.aborted) return;
        const { tokens } = newest ?? {};
        // Less may have been granted than was asked for, so what was asked for counts, too. A mere refresh adds neither.
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

  /** Marks `current` as stored. A read that began before this moment may have seen an older file, so its result is dropped. */
  #saved(): void {
    this.#unsaved = undefined;
    this.#from = ++this.#begun;
  }

  async #newest(): Promise<StoredCredential | undefined> {
    const stored = this.#amended(await this.store.list(this.server));
    const mine = stored.filter(({ client }) => this.client === undefined || client === this.client);
    return mine.find(({ tokens }) => tokens) ?? mine[0];
  }

  /** The stored credentials, with the one that could not be saved put over the one that it replaces. */
  #amended(stored: readonly StoredCredential[]): StoredCredential[] {
    const unsaved = this.#unsaved;
    const there = unsaved && stored.find((one) => isSame(one, unsaved.credential));
    // Another program has stored a credential since, so ours is out of date.
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
    // The session holds the servers' nonces, so there is one session for each key.
    return dpopKey.x === this.current?.dpopKey?.x ? this.dpop : keyOf(dpopKey);
  }
}

const isSame = (a: StoredCredential, b: StoredCredential) => a.client === b.client && a.issuer === b.issuer;

/** A scope without `offline_access`: that asks for a refresh token, and never comes back as a scope of the token. */
const online = (scope = "") =>
  scope
    .split(" ")
    .filter((one) => one !== "offline_access")
    .join(" ");
