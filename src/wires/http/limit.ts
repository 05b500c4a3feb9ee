/** Whoever waits for room. */
export interface Guest {
  enter(): void;
}

/** Lets so many in at once; the others wait in their order. */
export class Limit {
  readonly #inside = new Set<Guest>();
  readonly #waiting = new Set<Guest>();

  constructor(private readonly width: number) {}

  come(guest: Guest): void {
    if (this.#inside.size >= this.width) {
      this.#waiting.add(guest);
      return;
    }
    this.#inside.add(guest);
    guest.enter();
  }

  /** It is done, or waits no more. */
  leave(guest: Guest): void {
    if (!this.#inside.delete(guest)) {
      this.#waiting.delete(guest);
      return;
    }
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    this.come(next);
  }
}
