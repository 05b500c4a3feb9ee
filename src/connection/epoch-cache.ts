import { InMemoryResponseCacheStore, type ResponseCacheStore } from "@modelcontextprotocol/client";
import type { CacheOption } from "../contract/options.js";
import type { Definitions } from "./calls/output-checks.js";

type Key = Parameters<ResponseCacheStore["get"]>[0];
type Entry = Awaited<ReturnType<ResponseCacheStore["get"]>>;

/** What the Client may keep besides the definitions of tools. */
const DROPPED = [
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "server/discover",
];
const DEFINITIONS = "tools/list";

/** The store that the Client of one epoch gets. */
export interface EpochStore extends ResponseCacheStore, Definitions {}

/** The cache of a connection: each epoch sees only what it read itself, and the definitions of tools from before. */
export class EpochCache {
  readonly #store: ResponseCacheStore;
  readonly #own: boolean;
  readonly #serves: boolean;
  #current: OneEpoch | undefined;

  /** `name`: whose it is, as several may share one store. */
  constructor(
    option: CacheOption | undefined,
    private readonly name: string,
  ) {
    const given = (option || undefined)?.store;
    this.#own = given === undefined;
    this.#store = given ?? new InMemoryResponseCacheStore();
    this.#serves = option !== false;
  }

  /** Drops what was read before. What an older epoch still writes reaches nobody. */
  async next(): Promise<EpochStore> {
    if (this.#current) this.#current.over = true;
    const next = new OneEpoch(this.#store, this.#serves, this.name, this.#own);
    this.#current = next;
    await Promise.all(DROPPED.map((method) => this.#store.evict(method)));
    return next;
  }
}

class OneEpoch implements EpochStore {
  over = false;
  #changes = 0;
  /** The partitions whose tools were listed in this epoch. */
  readonly #listed = new Set<string | undefined>();

  constructor(
    private readonly store: ResponseCacheStore,
    private readonly serves: boolean,
    private readonly name: string,
    private readonly own: boolean,
  ) {}

  get definitions(): number | undefined {
    return this.own ? this.#changes : undefined;
  }

  /**
   * The tools of before are there for checks of what they answer, and never as an answer: a Client that was made anew would
   * check nothing until it listed them.
   */
  async get(key: Key): Promise<Entry> {
    if (this.over) return undefined;
    const entry = await this.store.get(this.#own(key));
    if (key.method !== DEFINITIONS) return this.serves ? entry : undefined;
    return !entry || (this.serves && this.#listed.has(key.partition)) ? entry : { ...entry, expiresAt: 0 };
  }

  async set(key: Key, entry: Parameters<ResponseCacheStore["set"]>[1]): Promise<number> {
    if (this.over || (!this.serves && key.method !== DEFINITIONS)) return 0;
    if (key.method === DEFINITIONS) this.#listed.add(key.partition);
    this.#changed(key.method);
    return this.store.set(this.#own(key), entry);
  }

  async delete(key: Key): Promise<void> {
    this.#changed(key.method);
    if (!this.over) await this.store.delete(this.#own(key));
  }

  #changed(method: string): void {
    if (method === DEFINITIONS) this.#changes++;
  }

  /** Two servers may say the same of themselves, by which alone the Client would tell them apart. */
  #own(key: Key): Key {
    return { ...key, partition: JSON.stringify([this.name, key.partition]) };
  }

  async evict(method: string): Promise<void> {
    this.#changed(method);
    if (!this.over) await this.store.evict(method);
  }

  async clear(): Promise<void> {
    this.#changed(DEFINITIONS);
    if (!this.over) await this.store.clear();
  }
}
