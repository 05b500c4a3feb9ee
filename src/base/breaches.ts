/**
 * Warns of what goes over a limit, or is left out for another reason: with the first time, and then with the count each time that
 * it has grown tenfold. What a server does a million times is said seven times.
 */
export class Breaches {
  readonly #counts = new Map<string, number>();

  constructor(private readonly warn: (message: string) => void) {}

  /**
   * @param message what was left out and why: the same words each time, without a full stop
   * @param times how often since it was noted last
   */
  note(message: string, times = 1): void {
    if (!this.#counts.has(message) && this.#counts.size >= MAX_KINDS) return;
    const before = this.#counts.get(message) ?? 0;
    const count = before + times;
    this.#counts.set(message, count);
    if (count === 1) this.warn(message);
    else if (before === 0 || String(count).length > String(before).length)
      this.warn(`${message} (${count.toLocaleString("en")} times by now)`);
  }
}

/** A server that finds new words each time is heard this often. */
const MAX_KINDS = 100;
