import { whenAborted } from "../base/abort.js";
import { pause } from "../base/wait.js";
import type { CacheOption, SchemaLimits } from "../contract/options.js";
import type { Wire } from "../contract/wire.js";
import type { Clock } from "../machines/clock.js";
import { Disposer } from "../machines/disposer.js";
import type { Failure } from "../machines/failure.js";
import type { ConnectionPolicy } from "../machines/reducers.js";
import type { Ready } from "../session/ports.js";
import { type AttemptInput, openAttempt } from "./attempt.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { EpochCache } from "./epoch-cache.js";
import { failureOf } from "./failure.js";
import type { Profile } from "./profile.js";
import { Validators } from "./validators.js";

export interface AttemptsHost
  extends Pick<AttemptInput, "era" | "eraMemory" | "router" | "hooks" | "openWire"> {
  clock: Clock;
  /** The server, as its transport is named. */
  name: string;
  cache: CacheOption | undefined;
  schemaLimits: SchemaLimits | undefined;
  policy: ConnectionPolicy;
  current: CurrentEpoch;
  /** The handshake that serves the sessions of this moment. */
  profile(): Profile;
  /** Says again to a new epoch what the sessions declared, before anybody calls it. */
  restore(ready: Ready): Promise<void>;
  onWire(wire: Wire, epoch: number): void;
  onLost(epoch: number, failure: Failure): void;
}

/** Opens wires one after another, and closes each with its epoch. */
export class Attempts {
  readonly #cache: EpochCache;
  readonly #validators: Validators;
  #wire: Wire | undefined;
  #disposer = new Disposer();

  constructor(private readonly host: AttemptsHost) {
    this.#cache = new EpochCache(host.cache, host.name);
    this.#validators = new Validators((message) => host.hooks.onWarning?.(message), host.schemaLimits);
  }

  /** What came through is in `current` then. Throws a `Failure`. */
  async open(epoch: number, signal: AbortSignal): Promise<void> {
    const { host } = this;
    let before: Promise<void> | undefined = this.#disposer.dispose();
    const disposer = new Disposer();
    this.#disposer = disposer;
    disposer.add(() => before);
    whenAborted(signal, () => void disposer.dispose());
    try {
      // The old process is gone before a new one starts; and sessions that open in this tick share the handshake.
      await this.#within(before, signal);
      signal.throwIfAborted();
      before = undefined;
      const ready = await openAttempt({
        ...host,
        epoch,
        signal,
        disposer,
        connectTimeoutMs: host.policy.connectTimeoutMs,
        profile: host.profile(),
        cache: await this.#cache.next(),
        validators: this.#validators,
        onWire: (wire) => {
          this.#wire = wire;
          host.onWire(wire, epoch);
        },
        onLost: (failure) => host.onLost(epoch, failure),
      });
      await host.restore(ready);
      host.current.open(ready);
    } catch (error) {
      const failure = this.explained(failureOf(error));
      void disposer.dispose();
      throw failure;
    }
  }

  /** Closes everything that the current epoch opened. */
  dispose(): Promise<void> {
    return this.#disposer.dispose();
  }

  /** Adds what the wire knows of a failure. */
  explained(failure: Failure): Failure {
    return this.#wire?.explain?.(failure) ?? failure;
  }

  /**
   * Bounded, so that a wire that hangs on close holds up the next attempt once, and not every one after it. An attempt
   * that is given up meanwhile leaves no timer: closing has a deadline of its own.
   */
  async #within(closing: Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, policy } = this.host;
    const done = new AbortController();
    void closing.then(() => done.abort());
    await pause(clock, policy.closeTimeoutMs, AbortSignal.any([done.signal, signal])).catch(() => {});
  }
}
