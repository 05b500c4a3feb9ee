import {
  type Client,
  type EmptyResult,
  ProtocolError,
  type RequestOptions,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { KeyedLock } from "../base/keyed-lock.js";
import { withDeadline } from "../base/wait.js";
import type { Clock } from "../machines/clock.js";
import { callIn } from "../wires/call-tag.js";

/**
 * Which resources a legacy server was told that they are wanted. What is wanted is looked at when it is a resource's turn, so
 * that of a subscription and a withdrawal that cross each other the later wish holds.
 */
export class ResourceSubscriptions {
  /** By the Client of an epoch: whether the server agreed; false: its answer never came. */
  readonly #subscribed = new WeakMap<Client, Map<string, boolean>>();
  readonly #turns = new KeyedLock();

  constructor(
    private readonly clock: Clock,
    private readonly isWanted: (uri: string) => boolean,
  ) {}

  /** Makes the server know what is wanted now. Waits for its turn no longer than the options allow. */
  settle(uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const { timeout: ms = Number.POSITIVE_INFINITY, signal } = options;
    const begun = this.clock.now();
    const message = `${uri} is being subscribed to for another session, and was not within ${ms} ms`;
    const limit = {
      clock: this.clock,
      ms,
      expired: () => new SdkError(SdkErrorCode.RequestTimeout, message, { timeout: ms }),
      signals: [signal, callIn(options)?.ended],
    };
    const left = (): RequestOptions => {
      const waited = this.clock.now() - begun;
      return waited > 0 && Number.isFinite(ms) ? { ...options, timeout: Math.max(1, ms - waited) } : options;
    };
    return withDeadline(limit, (over) => this.#turns.run(uri, () => this.#sync(uri, client, left()), over));
  }

  /** Subscribes on a new server, which knows of no subscription yet. */
  async subscribe(uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const subscribed = this.#subscribedOn(client);
    subscribed.set(uri, false);
    try {
      const result = await client.subscribeResource({ uri }, options);
      subscribed.set(uri, true);
      return result;
    } catch (error) {
      if (error instanceof ProtocolError) subscribed.delete(uri);
      throw error;
    }
  }

  /** The resources that the server has subscriptions for, and nobody wants any more. */
  unwanted(client: Client): string[] {
    return [...this.#subscribedOn(client).keys()].filter((uri) => !this.isWanted(uri));
  }

  async #sync(uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const subscribed = this.#subscribedOn(client);
    const agreed = subscribed.get(uri);
    if (this.isWanted(uri)) return agreed ? {} : this.subscribe(uri, client, options);
    if (agreed === undefined) return {};
    const result = await client.unsubscribeResource({ uri }, options);
    subscribed.delete(uri);
    return result;
  }

  #subscribedOn(client: Client): Map<string, boolean> {
    const subscribed = this.#subscribed.get(client) ?? new Map<string, boolean>();
    this.#subscribed.set(client, subscribed);
    return subscribed;
  }
}
