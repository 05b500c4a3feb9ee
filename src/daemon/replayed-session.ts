import { fieldsOf } from "../base/fields.js";
import { listChangesIn } from "../contract/methods.js";
import type { Flight, Message } from "./flights.js";

/** What a client said of itself, and what it wants to hear: told to each next daemon, so that its session goes on there. */
export class ReplayedSession {
  #initialize: unknown;
  #answered = false;
  #initialized = false;
  #level: unknown;
  readonly #subscribed = new Map<unknown, unknown>();
  #changes: readonly string[] = [];

  /** Whether there is a session that a next daemon does not know. */
  get exists(): boolean {
    return this.#answered;
  }

  noteNotification({ method }: Message): void {
    if (method === "notifications/initialized") this.#initialized = true;
  }

  /** A request was answered with a result. */
  noteAnswered({ method, params }: Flight, result: unknown): void {
    const { uri } = fieldsOf(params);
    if (method === "initialize") {
      this.#initialize = params;
      this.#answered = true;
      this.#changes = listChangesIn(result);
    } else if (method === "logging/setLevel") this.#level = params;
    else if (method === "resources/subscribe") this.#subscribed.set(uri, params);
    else if (method === "resources/unsubscribe") this.#subscribed.delete(uri);
  }

  /** The handshake, under an id that no client uses. */
  handshake(id: string): object {
    return { jsonrpc: "2.0", id, method: "initialize", params: this.#initialize };
  }

  /** What follows the handshake. Nobody waits for the answers. */
  rest(id: string): object[] {
    const requests = [
      ...(this.#level === undefined ? [] : [{ method: "logging/setLevel", params: this.#level }]),
      ...[...this.#subscribed.values()].map((params) => ({ method: "resources/subscribe", params })),
    ];
    return [
      ...(this.#initialized ? [{ jsonrpc: "2.0", method: "notifications/initialized" }] : []),
      ...requests.map((request, i) => ({ jsonrpc: "2.0", id: `${id}-${i}`, ...request })),
    ];
  }

  /** What the client is told once another daemon has its session: its lists may be others. */
  news(): object[] {
    return this.#initialized ? this.#changes.map((method) => ({ jsonrpc: "2.0", method })) : [];
  }
}
