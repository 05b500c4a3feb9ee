import type { HoldfastError } from "../base/errors.js";
import { Queue } from "../base/wait.js";
import type { ConnectionState } from "../contract/status.js";
import type { Ready } from "../session/ports.js";
import type { ConnectionActor } from "./actor.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { disconnected, queueFull } from "./end-errors.js";

export interface WaitingHost {
  name: string;
  maxQueued: number;
  current: CurrentEpoch;
  actor(): ConnectionActor;
}

/** Those who wait for a connection: for its handshake, for a state, for a sign of life. */
export class Waiting {
  /** Why nothing works any more, once the connection is closed. */
  closedError: HoldfastError | undefined;
  /** New calls, of which so many may wait. */
  readonly #calls: Queue<Ready>;
  /** What is no new call: sessions that open, and calls that were sent before. */
  readonly #others = new Queue<Ready>();
  readonly #moved = new Queue<void>();
  readonly #verdict = new Queue<void>();

  constructor(private readonly host: WaitingHost) {
    this.#calls = new Queue(host.maxQueued);
  }

  /**
   * Waits until the handshake is done; asks for the connection if it was let go. Only new calls are counted: one that was
   * lost and waits to be sent again was let in before.
   * @throws HoldfastError `QUEUE_FULL`
   */
  async whenReady(signal: AbortSignal, { isNewCall = false }: { isNewCall?: boolean } = {}): Promise<Ready> {
    const { current, name, maxQueued } = this.host;
    if (current.ready) return current.ready;
    if (this.closedError) throw this.closedError;
    if (isNewCall && this.#calls.full) throw queueFull(name, maxQueued);
    const waiting = (isNewCall ? this.#calls : this.#others).wait(signal);
    const actor = this.host.actor();
    actor.send({ type: "demand" });
    try {
      return await waiting;
    } catch (error) {
      if (this.#calls.empty && this.#others.empty) actor.send({ type: "demand.withdrawn" });
      throw error;
    }
  }

  /** While the server is being asked for a sign of life, or for a credential that is there: settles with the answer. */
  async whenVerdict(signal: AbortSignal): Promise<void> {
    const { path } = this.host.actor();
    const refused = path === "connected.authorizing" && this.host.current.ready?.guard.down;
    if (path === "connected.probing" || refused) await this.#verdict.wait(signal);
  }

  /** Settles when the connection is in a state that `wanted` accepts, now or after a later transition. */
  async until(wanted: (state: ConnectionState) => boolean, signal?: AbortSignal): Promise<void> {
    while (!wanted(this.host.actor().state)) await this.#moved.wait(signal);
  }

  ready(ready: Ready): void {
    this.#calls.resolve(ready);
    this.#others.resolve(ready);
  }

  verdict(): void {
    this.#verdict.resolve();
  }

  moved(): void {
    this.#moved.resolve();
  }

  /** The connection is let go, and may be asked for again. */
  letGo(): void {
    this.#reject(disconnected(this.host.name));
  }

  /** It is over; those who waited hear of `cause`, where it failed. */
  end(closed: HoldfastError, cause: HoldfastError | undefined): void {
    this.closedError = closed;
    this.#reject(cause ?? closed);
  }

  #reject(error: HoldfastError): void {
    this.#calls.reject(error);
    this.#others.reject(error);
  }
}
