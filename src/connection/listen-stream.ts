import {
  type Client,
  type McpSubscription,
  ProtocolError,
  ProtocolErrorCode,
  type RequestOptions,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { untilAborted, withDeadline } from "../base/wait.js";
import type { Listening } from "../contract/wire.js";
import { backoffDelay, DEFAULT_BACKOFF } from "../machines/backoff.js";
import type { Clock } from "../machines/clock.js";
import type { Filter, Ready } from "../session/ports.js";
import { callIn } from "../wires/call-tag.js";

/** A server that does not acknowledge a stream for so long is asked again. */
const ACKNOWLEDGED_MS = 10_000;

/**
 * The one stream on which a modern server says what changed. It follows a filter, and is reopened with backoff for
 * as long as its epoch lives.
 */
export class ListenStream {
  listening: Listening = "none";
  #open: { ready: Ready; key: string; handle: McpSubscription } | undefined;
  #timer: unknown;
  #failed = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** The change that begins when the one on its way is done. */
  #next: Promise<void> | undefined;
  #filterOf: (client: Client) => Filter = () => ({});

  constructor(
    private readonly clock: Clock,
    private readonly onListening: (listening: Listening) => void,
    private readonly current: () => Ready | undefined,
  ) {}

  get honoredFilter(): Filter | undefined {
    return this.#open?.handle.honoredFilter;
  }

  /**
   * Makes the stream carry what the filter now says. One change at a time; what is asked for while one is on its way is part
   * of the next. Each caller waits for as long as its own options allow, and no longer for a server that never acknowledges.
   */
  follow(filterOf: (client: Client) => Filter, options: RequestOptions): Promise<void> {
    this.#filterOf = filterOf;
    const { timeout: ms = Number.POSITIVE_INFINITY, signal } = options;
    const message = `the server did not acknowledge subscriptions/listen within ${ms} ms`;
    const limit = {
      clock: this.clock,
      ms,
      expired: () => new SdkError(SdkErrorCode.RequestTimeout, message, { timeout: ms }),
      signals: [signal, callIn(options)?.ended],
    };
    return withDeadline(limit, (over) => untilAborted(this.#change(), over));
  }

  #change(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      return this.#follow();
    });
    this.#last = this.#next.catch(() => {});
    return this.#next;
  }

  /** The epoch is over. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#open = undefined;
    this.#failed = 0;
    this.#announce("none");
  }

  async #follow(): Promise<void> {
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
      const handle = await ready.client.listen(filter, { timeout: ACKNOWLEDGED_MS });
      // Race: the epoch ended while the server acknowledged.
      if (this.current() !== ready) return;
      this.#open = { ready, key, handle };
      this.#failed = 0;
      this.#announce("open");
      void handle.closed.then((how) => how !== "local" && this.#ended(ready, handle));
      await old?.handle.close();
    } catch (error) {
      if (this.current() === ready) this.#retry(ready, error);
      throw error;
    }
  }

  #ended(ready: Ready, handle: McpSubscription): void {
    if (this.current() !== ready || this.#open?.handle !== handle) return;
    this.#open = undefined;
    this.#retry(ready, undefined);
  }

  #retry(ready: Ready, error: unknown): void {
    const unsupported = error instanceof ProtocolError && error.code === ProtocolErrorCode.MethodNotFound;
    this.#announce(unsupported ? "none" : "lost");
    if (unsupported) return;
    const wait = backoffDelay(++this.#failed + 1, Math.random(), DEFAULT_BACKOFF);
    this.#timer = this.clock.setTimeout(() => {
      if (this.current() === ready) this.#change().catch(() => {});
    }, wait);
  }

  #announce(listening: Listening): void {
    if (this.listening === listening) return;
    this.listening = listening;
    this.onListening(listening);
  }
}
