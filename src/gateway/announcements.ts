import type { Notification } from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import { DIFFERENCES } from "../contract/protocol.js";
import { LIST_KINDS, type ListKind } from "./presented.js";

const CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

/**
 * The lists that a notification says have changed; none where the connection has read the list and it is what it was: to tell that
 * would cost the reading of all servers' lists. Undefined: it says something else.
 */
export function changedKinds({ method, params }: Notification): readonly ListKind[] | undefined {
  const kind = CHANGED.exec(method)?.[1];
  if (kind === undefined) return undefined;
  const differences = fieldsOf(params?._meta)[DIFFERENCES];
  const same = differences !== undefined && Object.keys(fieldsOf(differences)).length === 0;
  return same ? [] : LIST_KINDS.filter((one) => one === kind);
}

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
