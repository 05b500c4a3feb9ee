import { appearedOf, identityOf, observedOf } from "../inspect/adapter.js";
import type { Inspect, Observed } from "../inspect/events.js";
import type { ConnectionEvent, ConnectionStatus } from "./status.js";

let connections = 0;

/** Who inspects a transport, over all lives of its connection. Costs nothing while there is nobody. */
export class Observers {
  readonly id = `c${++connections}`;
  readonly #all = new Set<Inspect>();

  get present(): boolean {
    return this.#all.size > 0;
  }

  /** The new one hears at once how things are. */
  add(observer: Inspect, status: ConnectionStatus, at: number): () => void {
    const own: Inspect = (event) => observer(event);
    this.#all.add(own);
    this.#tell(own, appearedOf(status), at);
    if (status.state === "connected")
      this.#tell(own, { type: "wire.opened", epoch: status.epoch, ...identityOf(status) }, at);
    return () => {
      if (this.#all.delete(own)) this.#tell(own, { type: "ended" }, Date.now());
    };
  }

  hear(event: Observed, at: number): void {
    for (const observer of [...this.#all]) this.#tell(observer, event, at);
  }

  announced(status: ConnectionStatus, event: ConnectionEvent): void {
    for (const observed of observedOf(status, event)) this.hear(observed, event.at);
  }

  #tell(observer: Inspect, event: Observed, at: number): void {
    try {
      observer({ at, id: this.id, ...event });
    } catch {
      // An inspector that throws disturbs nobody.
    }
  }
}
