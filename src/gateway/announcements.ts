import type { ListKind } from "./presented.js";

/** Changed lists, announced once for all that happens in one tick. */
export class Announcements {
  #pending: Set<ListKind> | undefined;

  constructor(private readonly announce: (kind: ListKind) => void) {}

  add(kinds: readonly ListKind[]): void {
    const first = this.#pending === undefined;
    this.#pending ??= new Set();
    for (const kind of kinds) this.#pending.add(kind);
    if (first) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const all = this.#pending ?? [];
    this.#pending = undefined;
    for (const kind of all) this.announce(kind);
  }
}
