/**
 * Race: the Client handles a notification one microtask late, and an answer at once, so the last progress of a call
 * would come after its end and be dropped. Until then answers wait for as long.
 */
export class InOrder {
  #notified = false;

  /** A notification was handed on. */
  notified(): void {
    if (this.#notified) return;
    this.#notified = true;
    queueMicrotask(() => {
      this.#notified = false;
    });
  }

  /** Runs what hands an answer on. */
  answer(run: () => void): void {
    if (this.#notified) queueMicrotask(run);
    else run();
  }
}
