import { createHmac } from "node:crypto";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { Endings } from "./endings.js";
import { Endpoint } from "./endpoint.js";
import { Exchanges } from "./exchanges.js";
import type { HttpSettings } from "./http-options.js";

/** Of more servers, or more holders of tokens, who was away longest initializes anew. */
const MAX_ENDPOINTS = 2_000;

interface Kept {
  name: string | undefined;
  holder: string | undefined;
  endpoint: Endpoint;
}

/** An endpoint for each server, and for each holder of tokens: nobody finds the session of another. */
export class Endpoints {
  readonly exchanges = new Exchanges();
  /** Those that were used last are last. */
  readonly #all = new Map<string, Kept>();

  readonly #endings: Endings;

  constructor(
    private readonly settings: HttpSettings,
    private readonly clock: Clock,
    report: (message: string) => void,
  ) {
    this.#endings = new Endings(report);
  }

  *[Symbol.iterator](): Iterator<Endpoint> {
    for (const { endpoint } of this.#all.values()) yield endpoint;
  }

  /** `name`: of the server, undefined: all together. `holder`: whose; undefined: anybody's. */
  of(transport: ClientTransport, name: string | undefined, holder: string | undefined): Endpoint {
    const key = JSON.stringify([name ?? null, holder ?? null]);
    const known = this.#all.get(key)?.endpoint;
    this.#all.delete(key);
    const endpoint = known?.transport === transport ? known : this.#made(transport, holder);
    // A server of a config that was edited is another one, for the same clients.
    if (known && known !== endpoint) {
      endpoint.sessions.adopt(known.sessions);
      this.#endings.add(known.close());
    }
    this.#all.set(key, { name, holder, endpoint });
    const [oldest] = this.#all;
    if (oldest && this.#all.size > MAX_ENDPOINTS) {
      this.#all.delete(oldest[0]);
      this.#endings.add(oldest[1].endpoint.close());
    }
    return endpoint;
  }

  /** There is no server of this name any more. */
  forget(name: string | undefined): void {
    this.#drop((one) => one.name === name);
  }

  /** This holder has no connections of its own any more. */
  leave(holder: string): void {
    this.#drop((one) => one.holder === holder);
  }

  /** How many sessions a holder has. */
  sessionsOf(holder: string): number {
    return [...this.#all.values()].reduce(
      (sum, one) => sum + (one.holder === holder ? one.endpoint.size : 0),
      0,
    );
  }

  #drop(isMeant: (one: Kept) => boolean): void {
    for (const [key, one] of this.#all) {
      if (!isMeant(one)) continue;
      this.#all.delete(key);
      this.#endings.add(one.endpoint.close());
    }
  }

  async close(): Promise<void> {
    for (const endpoint of this) this.#endings.add(endpoint.close());
    await this.#endings.all();
  }

  #made(transport: ClientTransport, holder: string | undefined): Endpoint {
    const { sessionKey } = this.settings;
    // The id of a session of somebody else's is as good as forged.
    const own =
      sessionKey !== undefined && holder !== undefined
        ? createHmac("sha256", sessionKey).update(holder).digest("base64url")
        : sessionKey;
    return new Endpoint(transport, this.exchanges, { ...this.settings, sessionKey: own }, this.clock);
  }
}
