import { InMemoryResponseCacheStore, type ResponseCacheStore } from "@modelcontextprotocol/client";
import type { CacheOption } from "../contract/options.js";

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

/** The cache of a connection: each epoch sees only what it read itself, and the definitions of tools from before. */
export class EpochCache {
  readonly #store: ResponseCacheStore;
  readonly #serves: boolean;
  #current: OneEpoch | undefined;

  /** `name`: whose it is, as several may share one store. */
  constructor(
    option: CacheOption | undefined,
    private readonly name: string,
  ) {
    this.#store = (option || undefined)?.store ?? new InMemoryResponseCacheStore();
    this.#serves = option !== false;
  }

  /** Drops what was read before. What an older epoch still writes reaches nobody. */
  async next(): Promise<ResponseCacheStore> {
    if (this.#current) this.#current.over = true;
    const next = new OneEpoch(this.#store, this.#serves, this.name);
    this.#current = next;
    await Promise.all(DROPPED.map((method) => this.#store.evict(method)));
    return next;
  }
}

class OneEpoch implements ResponseCacheStore {
  over = false;
  /** The partitions whose tools were listed in this epoch. */
  readonly #listed = new Set<string | undefined>();

  constructor(
    private readonly store: ResponseCacheStore,
    private readonly serves: boolean,
    private readonly name: string,
  ) {}

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
    return this.store.set(this.#own(key), entry);
  }

  async delete(key: Key): Promise<void> {
    if (!this.over) await this.store.delete(this.#own(key));
  }

  /** Two servers may say the same of themselves, by which alone the Client would tell them apart. */
  #own(key: Key): Key {
    return { ...key, partition: JSON.stringify([this.name, key.partition]) };
  }

  async evict(method: string): Promise<void> {
    if (!this.over) await this.store.evict(method);
  }

  async clear(): Promise<void> {
    if (!this.over) await this.store.clear();
  }
}
