import { runCallback } from "../base/callback.js";
import type { Inspect, InspectionEvent, Observed } from "../contract/inspection.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";
import { appearedOf, identityOf, inspectionOf } from "./inspection.js";

let connections = 0;

/** Who inspects a transport, over all lives of its connection. Costs nothing while there is nobody. */
export class Inspectors {
  readonly id = `c${++connections}`;
  readonly #all = new Set<Inspect>();
  /** Those of them who hear of no calls, so that calls do not pay for them. */
  readonly #quiet = new Set<Inspect>();

  constructor(private readonly failed: (error: unknown) => void) {}

  get present(): boolean {
    return this.#all.size > 0;
  }

  /** Whether anybody hears of calls. */
  get followCalls(): boolean {
    return this.#all.size > this.#quiet.size;
  }

  /** The new one hears at once how things are; without `calls` it hears of no call that begins or ends. */
  add(observer: Inspect, status: ConnectionStatus, at: number, calls = true): () => void {
    const own: Inspect = (event) => observer(event);
    this.#all.add(own);
    if (!calls) this.#quiet.add(own);
    this.#notify(own, this.#whole(appearedOf(status), at));
    if (status.state === "connected")
      this.#notify(own, this.#whole({ type: "wire.opened", epoch: status.epoch, ...identityOf(status) }, at));
    return () => {
      this.#quiet.delete(own);
      if (this.#all.delete(own)) this.#notify(own, this.#whole({ type: "ended" }, Date.now()));
    };
  }

  hear(event: Observed, at: number): void {
    const whole = this.#whole(event, at);
    const isCall = event.type === "request.started" || event.type === "request.settled";
    for (const observer of this.#all)
      if (!isCall || !this.#quiet.has(observer)) this.#notify(observer, whole);
  }

  announced(status: ConnectionStatus, event: ConnectionEvent): void {
    for (const observed of inspectionOf(status, event)) this.hear(observed, event.at);
  }

  /** The same object: each event is made for this, and calls make many. */
  #whole(event: Observed, at: number): InspectionEvent {
    return Object.assign(event, { at, id: this.id }) as InspectionEvent;
  }

  #notify(observer: Inspect, event: InspectionEvent): void {
    runCallback(() => observer(event), this.failed);
  }
}
