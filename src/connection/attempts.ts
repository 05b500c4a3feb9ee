import {
  InMemoryResponseCacheStore,
  ProtocolError,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import { statusOf } from "../base/errors.js";
import { Queue } from "../base/wait.js";
import { ANY_RESULT } from "../contract/any-result.js";
import type { AuthorizationStep, Credential, Refusal } from "../contract/credential.js";
import type { EraOption } from "../contract/options.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import type { Clock } from "../machines/clock.js";
import { Disposer } from "../machines/disposer.js";
import type { Failure } from "../machines/failure.js";
import type { ConnectionPolicy } from "../machines/reducers.js";
import type { Ready } from "../session/ports.js";
import { Lost } from "../wires/lost.js";
import { Unauthorized } from "../wires/refusal.js";
import { openAttempt } from "./attempt.js";
import type { EraMemory } from "./era.js";
import { failureOf } from "./failure.js";
import type { Profile } from "./profile.js";
import type { Router } from "./router.js";
import { Validators } from "./validators.js";

export interface AttemptsHost {
  clock: Clock;
  policy: ConnectionPolicy;
  era: EraOption;
  eraMemory: EraMemory;
  router: Router;
  openWire(context: AttemptContext): Promise<Wire> | Wire;
  /** What every wire of the connection shows to be let in, where it shows anything. */
  credential(): Credential | undefined;
  /** The handshake that serves the sessions of this moment. */
  profile(): Profile;
  /** Says again to a new epoch what the sessions declared, before anybody calls it. */
  restore(ready: Ready): Promise<void>;
  onList(method: string, result: object): void;
  /** What a server sent could be used in part only. */
  onWarning(message: string): void;
  onWire(wire: Wire, epoch: number): void;
  /** The server of an open wire wants another credential. */
  onRefused(epoch: number): void;
  onAuthorization(step: AuthorizationStep): void;
  onLost(epoch: number, failure: Failure): void;
}

/** The effects that the machine asks for: opens wires one after another, and closes each with its epoch. */
export class Attempts {
  /** What the last handshake fixed. */
  profile: Profile | undefined;
  /** The last attempt that came through. */
  opened: Ready | undefined;
  wire: Wire | undefined;
  // One for all epochs, or a new Client would not validate structured output until it listed the tools.
  readonly #cache = new InMemoryResponseCacheStore();
  readonly #validators = new Validators((message) => this.host.onWarning(message));
  #disposer = new Disposer();
  /** What the server wanted last. */
  #refusal: Refusal | undefined;
  /** Refused requests of an open wire that wait: for another token, or for more scope. */
  readonly #parked = {
    401: new Queue<void>(),
    403: new Queue<void>(),
  };

  constructor(private readonly host: AttemptsHost) {}

  async open(epoch: number, signal: AbortSignal): Promise<void> {
    const { host } = this;
    // Bounded, so that a wire that hangs on close holds up the next attempt once, and not every one after it.
    const left = this.#within(host.policy.closeTimeoutMs, this.#disposer.dispose());
    const disposer = new Disposer();
    this.#disposer = disposer;
    disposer.add(() => left);
    whenAborted(signal, () => void disposer.dispose());
    try {
      // The old process is gone before a new one starts; and sessions that open in this tick share the handshake.
      await left;
      signal.throwIfAborted();
      this.profile = host.profile();
      const ready = await openAttempt({
        ...host,
        epoch,
        signal,
        disposer,
        connectTimeoutMs: host.policy.connectTimeoutMs,
        profile: this.profile,
        cache: this.#cache,
        validators: this.#validators,
        hooks: {
          onNotification: (message) => host.router.notify(message as never),
          onList: (method, result) => host.onList(method, result),
          onWarning: (message) => host.onWarning(message),
        },
        onWire: (wire) => {
          this.wire = wire;
          wire.onRefused = (refusal) => this.#refused(refusal, epoch);
          host.onWire(wire, epoch);
        },
        onLost: (failure) => host.onLost(epoch, failure),
      });
      await host.restore(ready);
      this.opened = ready;
    } catch (error) {
      const failure = this.explained(failureOf(error));
      void disposer.dispose();
      throw failure;
    }
  }

  /**
   * Settles when the server gives a sign of life, or is busy: it has calls, and its transport shows life though it does
   * not answer. Throws a `Failure` when it is lost.
   */
  async probe(ready: Ready, signal: AbortSignal): Promise<"alive" | "busy"> {
    const { client, guard } = ready;
    // Two questions and a look at the transport fit into the machine's own deadline for a probe.
    const timeout = this.host.policy.probeTimeoutMs * 0.4;
    const modern = client.getProtocolEra() === "modern";
    const questions = [
      () => (modern ? client.discover({ timeout }) : client.ping({ timeout })),
      // Some never answer a ping; a method that nobody knows is refused, and that is an answer.
      () => client.request({ method: "holdfast/alive" }, ANY_RESULT, { timeout }),
    ];
    let failure: Failure | undefined;
    for (const ask of questions) {
      try {
        await ask();
        return "alive";
      } catch (error) {
        // Race: the server refused the question for lack of a credential, and another is being got.
        if (signal.aborted || !isSilence(error)) return "alive";
        failure = failureOf(error);
        // The network said no: there is nothing to wait for.
        if (!isTimeout(error)) break;
        if (ask === questions[0]) continue;
        const quiet = this.host.policy.probeTimeoutMs * 0.15;
        if (guard.inFlight > 0 && (await this.wire?.alive?.(quiet))) return "busy";
      }
    }
    guard.shut(failure!);
    throw { ...failure!, code: "CONNECTION_LOST" } satisfies Failure;
  }

  /** Gets what the server wants to see. Throws a `Failure`. */
  async authorize(signal: AbortSignal): Promise<void> {
    const progress = (step: AuthorizationStep) => {
      if (!signal.aborted) this.host.onAuthorization(step);
    };
    const refusal = this.#refusal!;
    try {
      await this.host.credential()?.obtain(refusal, { signal, progress });
    } catch (error) {
      const failure = failureOf(error);
      const live = this.opened !== undefined && this.opened.guard.down === undefined;
      if (live && failure.fatal && refusal.status === 403 && !signal.aborted) {
        // The token is good for everything else: only those that want more are told.
        this.#parked[403].reject(failure.error ?? failure);
        return;
      }
      // Race: the wire is let go before its calls hear of it; those that wait are told why they were refused.
      if (failure.fatal && !signal.aborted) this.opened?.guard.shut(failure);
      throw failure;
    }
  }

  /** There is another credential, or there will be none: those who waited try again, or are told. */
  release(failure?: Failure): void {
    for (const parked of Object.values(this.#parked))
      if (failure) parked.reject(new Lost("rejected", failure));
      else parked.resolve();
  }

  /** Refused requests wait for a credential. */
  get waits(): boolean {
    return Object.values(this.#parked).some(({ empty }) => !empty);
  }

  #refused(refusal: Refusal, epoch: number): Promise<void> {
    this.#refusal = refusal;
    // An attempt that is refused ends; the next one comes with what was got meanwhile.
    if (this.opened?.epoch !== epoch || this.opened.guard.down)
      return Promise.reject(new Unauthorized(refusal));
    const waiting = this.#parked[refusal.status].wait();
    this.host.onRefused(epoch);
    return waiting;
  }

  /** Closes everything that the current epoch opened. */
  dispose(): Promise<void> {
    return this.#disposer.dispose();
  }

  /** Adds what the wire knows of a failure. */
  explained(failure: Failure): Failure {
    return this.wire?.explain?.(failure) ?? failure;
  }

  /** Settles with `work`, or after `ms`: what hangs must not hold the next attempt up for ever. */
  #within(ms: number, work: Promise<void>): Promise<void> {
    const { clock } = this.host;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      void work.then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

const isTimeout = (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;

/** Whether a probe failed because nothing came back; any answer of the server, an error too, is a sign of life. */
function isSilence(error: unknown): boolean {
  if (Lost.of(error)) return true;
  if (error instanceof SdkError) return statusOf(error) === undefined;
  return !(error instanceof ProtocolError);
}
