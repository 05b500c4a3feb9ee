import { Queue } from "../base/wait.js";
import type { Failure } from "../machines/failure.js";

/** The end of one epoch: its reason, and those who wait for it. */
export class End {
  #failure: Failure | undefined;
  readonly #waiting = new Queue<void>();

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** False if it had come before. */
  comes(failure: Failure): boolean {
    if (this.#failure) return false;
    this.#failure = failure;
    return true;
  }

  /** Settles once the end has come and everything in flight was answered; rejects with the signal's reason. */
  wait(signal: AbortSignal): Promise<void> {
    return this.#failure ? Promise.resolve() : this.#waiting.wait(signal);
  }

  wake(): void {
    this.#waiting.resolve();
  }
}
