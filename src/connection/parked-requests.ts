import { Queue } from "../base/wait.js";
import type { AuthorizationStep, Credential, Refusal } from "../contract/credential.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "../wires/lost.js";
import { Unauthorized } from "../wires/refusal.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { failureOf } from "./failure.js";

export interface ParkedRequestsHost {
  current: CurrentEpoch;
  /** What every wire of the connection shows to be let in, where it shows anything. */
  credential(): Credential | undefined;
  /** The server of an open wire wants another credential. */
  onRefused(epoch: number): void;
  onAuthorization(step: AuthorizationStep): void;
}

/** The refused requests of an open wire, which wait for another token or for more scope, and how that is got. */
export class ParkedRequests {
  /** What the server wanted last. */
  #refusal: Refusal | undefined;
  readonly #waiting = { 401: new Queue<void>(), 403: new Queue<void>() };

  constructor(private readonly host: ParkedRequestsHost) {}

  get empty(): boolean {
    return Object.values(this.#waiting).every(({ empty }) => empty);
  }

  /** Settles when there is another credential to show; rejects when there is none. */
  refused(refusal: Refusal, epoch: number): Promise<void> {
    this.#refusal = refusal;
    const { opened } = this.host.current;
    // An attempt that is refused ends; the next one comes with what was got meanwhile.
    if (opened?.epoch !== epoch || opened.guard.down) return Promise.reject(new Unauthorized(refusal));
    const waiting = this.#waiting[refusal.status].wait();
    this.host.onRefused(epoch);
    return waiting;
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
      const { opened } = this.host.current;
      const final = failure.fatal && !signal.aborted;
      if (final && refusal.status === 403 && opened && !opened.guard.down) {
        // The token is good for everything else: only those that want more are told.
        this.#waiting[403].reject(failure.error ?? failure);
        return;
      }
      // Race: the wire is let go before its calls hear of it; those that wait are told why they were refused.
      if (final) opened?.guard.shut(failure);
      throw failure;
    }
  }

  /** There is another credential, or there will be none: those who waited try again, or are told. */
  release(failure?: Failure): void {
    for (const waiting of Object.values(this.#waiting))
      if (failure) waiting.reject(new Lost("rejected", failure));
      else waiting.resolve();
  }
}
