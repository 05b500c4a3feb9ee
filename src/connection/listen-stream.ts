import {
  type Client,
  type McpSubscription,
  ProtocolError,
  type RequestOptions,
} from "@modelcontextprotocol/client";
import type { Listening } from "../contract/wire.js";
import { backoffDelay, DEFAULT_BACKOFF } from "../machines/backoff.js";
import type { Clock } from "../machines/clock.js";
import type { Filter, Ready } from "../session/ports.js";

const METHOD_NOT_FOUND = -32601;

/**
 * The one stream on which a modern server says what changed. It follows a filter, and is reopened with backoff for
 * as long as its epoch lives.
 */
export class ListenStream {
  listening: Listening = "none";
  #open: { ready: Ready; key: string; handle: McpSubscription } | undefined;
  #timer: unknown;
  #failed = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #filterOf: (client: Client) => Filter = () => ({});

  constructor(
    private readonly clock: Clock,
    private readonly onListening: (listening: Listening) => void,
    private readonly current: () => Ready | undefined,
  ) {}

  get honoredFilter(): Filter | undefined {
    return this.#open?.handle.honoredFilter;
  }

  /** Makes the stream carry what the filter now says. One change at a time, in the order of the calls. */
  follow(filterOf: (client: Client) => Filter, options: RequestOptions): Promise<void> {
    this.#filterOf = filterOf;
    const next = this.#tail.then(() => this.#follow(options));
    this.#tail = next.catch(() => {});
    return next;
  }

  /** The epoch is over. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#open = undefined;
    this.#failed = 0;
    this.#announce("none");
  }

  async #follow(options: RequestOptions): Promise<void> {
    const ready = this.current();
    if (ready?.client.getProtocolEra() !== "modern") return;
    const filter = this.#filterOf(ready.client);
    const key = JSON.stringify(filter);
    const old = this.#open;
    if (old?.ready === ready && old.key === key) return;
    this.clock.clearTimeout(this.#timer);
    if (Object.keys(filter).length === 0) {
      this.stop();
      return old?.handle.close();
    }
    try {
      const handle = await ready.client.listen(filter, options);
      // Race: the epoch ended while the server acknowledged.
      if (this.current() !== ready) return;
      this.#open = { ready, key, handle };
      this.#failed = 0;
      this.#announce("open");
      void handle.closed.then((how) => how !== "local" && this.#ended(ready, handle));
      await old?.handle.close();
    } catch (error) {
      if (this.current() === ready && !options.signal?.aborted) this.#retry(ready, error);
      throw error;
    }
  }

  #ended(ready: Ready, handle: McpSubscription): void {
    if (this.current() !== ready || this.#open?.handle !== handle) return;
    this.#open = undefined;
    this.#retry(ready, undefined);
  }

  #retry(ready: Ready, error: unknown): void {
    const unsupported = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
    this.#announce(unsupported ? "none" : "lost");
    if (unsupported) return;
    const wait = backoffDelay(++this.#failed + 1, Math.random(), DEFAULT_BACKOFF);
    this.#timer = this.clock.setTimeout(() => {
      if (this.current() === ready) this.follow(this.#filterOf, {}).catch(() => {});
    }, wait);
  }

  #announce(listening: Listening): void {
    if (this.listening === listening) return;
    this.listening = listening;
    this.onListening(listening);
  }
}
