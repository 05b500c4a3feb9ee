import type { Failure } from "../machines/failure.js";

/** The end of one epoch: its reason, and those who wait for it. */
export class End {
  #failure: Failure | undefined;
  readonly #waiting = new Set<() => void>();

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
    return new Promise((resolve, reject) => {
      if (this.#failure) return resolve();
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", onAbort);
      };
      const done = () => {
        leave();
        resolve();
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
