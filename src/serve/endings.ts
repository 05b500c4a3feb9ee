import { messageOf } from "../base/errors.js";

/** What ends while others go on: waited for in the end, and what goes wrong with it is reported. */
export class Endings {
  readonly #all = new Set<Promise<void>>();

  constructor(private readonly report: (message: string) => void) {}

  add(ending: Promise<void>): void {
    const heard = ending
      .catch((error: unknown) => this.report(messageOf(error)))
      .finally(() => this.#all.delete(heard));
    this.#all.add(heard);
  }

  async all(): Promise<void> {
    await Promise.all(this.#all);
  }
}
