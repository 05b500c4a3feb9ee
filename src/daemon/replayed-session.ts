import { listChangesIn } from "../contract/methods.js";
import { NOTHING, requestsFor, standingAfter } from "../serve/remembered.js";
import type { Flight, Message } from "./flights.js";

/** What a client said of itself, and what it wants to hear: told to each next daemon, so that its session goes on there. */
export class ReplayedSession {
  #initialize: unknown;
  #answered = false;
  #initialized = false;
  #standing = NOTHING;
  #changes: readonly string[] = [];

  /** Whether there is a session that a next daemon does not know. */
  get exists(): boolean {
    return this.#answered;
  }

  noteNotification({ method }: Message): void {
    if (method === "notifications/initialized") this.#initialized = true;
  }

  /** A request was answered with a result. */
  noteAnswered(flight: Flight, result: unknown): void {
    this.#standing = standingAfter(this.#standing, flight);
    if (flight.method !== "initialize") return;
    this.#initialize = flight.params;
    this.#answered = true;
    this.#changes = listChangesIn(result);
  }

  /** The handshake, under an id that no client uses. */
  handshake(id: string): object {
    return { jsonrpc: "2.0", id, method: "initialize", params: this.#initialize };
  }

  /** What follows the handshake. Nobody waits for the answers. */
  rest(id: string): object[] {
    return [
      ...(this.#initialized ? [{ jsonrpc: "2.0", method: "notifications/initialized" }] : []),
      ...requestsFor(this.#standing).map((request, i) => ({ jsonrpc: "2.0", id: `${id}-${i}`, ...request })),
    ];
  }

  /** What the client is told once another daemon has its session: its lists may be others. */
  news(): object[] {
    return this.#initialized ? this.#changes.map((method) => ({ jsonrpc: "2.0", method })) : [];
  }
}
