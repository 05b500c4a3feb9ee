import { fold, type Named } from "./owners.js";

/** How many names of one server are remembered after they were offered no more. */
const GONE = 1_000;

/**
 * Which server each name was shown for, as it reads: it is never another's for as long as that is remembered, whatever the
 * config becomes meanwhile.
 */
export class Claims {
  readonly #holders = new Map<string, string>();
  /** By server, oldest first. */
  readonly #gone = new Map<string, Set<string>>();

  holder(name: string): string | undefined {
    return this.#holders.get(fold(name));
  }

  /** What is shown now; of what is not any more, a bounded number is remembered. */
  keep(origins: ReadonlyMap<string, Named>): void {
    const now = new Map([...origins].map(([shown, { server }]) => [fold(shown), server]));
    for (const [name, server] of this.#holders) if (!now.has(name)) this.#lay(name, server);
    for (const [name, server] of now) {
      this.#holders.set(name, server);
      this.#gone.get(server)?.delete(name);
    }
  }

  #lay(name: string, server: string): void {
    const gone = this.#gone.get(server) ?? new Set();
    this.#gone.set(server, gone.add(name));
    if (gone.size <= GONE) return;
    const [oldest] = gone;
    gone.delete(oldest!);
    this.#holders.delete(oldest!);
  }
}
