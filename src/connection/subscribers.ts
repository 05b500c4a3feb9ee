import { runCallback, unheard } from "../base/callback.js";
import { Secrets } from "../base/redact.js";
import { shown } from "../base/shown.js";
import { visibleLine } from "../base/visible.js";
import type { Logger } from "../contract/options.js";
import type { ConnectionEvent, ConnectionStatus, StatusListener } from "../contract/status.js";
import { Inspectors } from "./inspectors.js";
import { ConnectionLog } from "./log.js";
import { Tracers } from "./tracers.js";

/** The subscribers of a transport, over all lives of its connection. One that throws disturbs nobody. */
export class Subscribers {
  readonly inspectors = new Inspectors((error) => this.#warn(`an inspector threw: ${String(error)}`));
  readonly tracers = new Tracers();
  readonly #all = new Set<StatusListener>();
  readonly #log: ConnectionLog | undefined;

  constructor(
    private readonly logger: Logger | undefined,
    private readonly secrets = new Secrets(),
  ) {
    this.#log = logger && new ConnectionLog(logger, secrets);
  }

  add(listener: StatusListener): () => void {
    // The same function may subscribe twice; each gets its own end.
    const own: StatusListener = (status, event) => listener(status, event);
    this.#all.add(own);
    return () => this.#all.delete(own);
  }

  get size(): number {
    return this.#all.size;
  }

  notify(status: () => ConnectionStatus, given: ConnectionEvent): void {
    const isHeard = this.#all.size > 0 || this.inspectors.present || this.#log !== undefined;
    // An error is shown in its place, and others may hold it.
    if (!isHeard && !("error" in given)) return;
    const event = shown(this.secrets, given);
    if (!isHeard) return;
    const now = status();
    this.#log?.hear(now, event);
    this.inspectors.announced(now, event);
    for (const listener of [...this.#all]) this.call(listener, now, event);
  }

  call(listener: StatusListener, status: ConnectionStatus, event: ConnectionEvent): void {
    runCallback(
      () => listener(status, event),
      (error) => this.#warn(`a subscriber of ${status.name} threw: ${String(error)}`),
    );
  }

  #warn(message: string): void {
    runCallback(() => this.logger?.warn(visibleLine(this.secrets.redact(message))), unheard);
  }
}
