import { untilAborted, withDeadline } from "../base/wait.js";
import type { ListDifference, ListKind } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";

/** What a list-changed notification is about. */
export type ChangedKind = "tools" | "prompts" | "resources";

export type Differences = Partial<Record<ListKind, ListDifference>>;

const CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

/** The kind of list that a notification says has changed; undefined: it says something else. */
export function changedKind(method: string): ChangedKind | undefined {
  const kind = CHANGED.exec(method)?.[1];
  return kind === "tools" || kind === "prompts" || kind === "resources" ? kind : undefined;
}

/** Who is told that a list changed is told after so long, though the list has not come. */
const WAIT_MS = 2_000;
/** At most one round of one kind in so long; twice as long after each round, until there was a quiet one. */
const MIN_MS = 250;
const MAX_MS = 5_000;

export interface ListWatchHost {
  clock: Clock;
  /** Reads again what is known of a kind; undefined where nothing is. */
  read(kind: ChangedKind): Promise<Differences> | undefined;
  /** Tells the sessions; `differences` undefined: nobody knows how. */
  deliver(kind: ChangedKind, differences: Differences | undefined): void;
}

interface Round {
  /** It came again while the last one was read, or shortly after. */
  again: boolean;
  pauseMs: number;
  timer?: unknown;
}

/** A server says that a list changed: it is read again, the sessions are told how it differs, and a storm is damped. */
export class ListWatch {
  readonly #rounds = new Map<ChangedKind, Round>();

  constructor(private readonly host: ListWatchHost) {}

  heard(kind: ChangedKind): void {
    const running = this.#rounds.get(kind);
    if (running) running.again = true;
    else void this.#run(kind, { again: false, pauseMs: MIN_MS });
  }

  /** Nobody is told any more. */
  stop(): void {
    for (const { timer } of this.#rounds.values()) this.host.clock.clearTimeout(timer);
    this.#rounds.clear();
  }

  async #run(kind: ChangedKind, round: Round): Promise<void> {
    this.#rounds.set(kind, round);
    round.again = false;
    const differences = await this.#read(kind);
    // Race: the connection was let go while its list was on its way.
    if (this.#rounds.get(kind) !== round) return;
    this.host.deliver(kind, differences);
    round.timer = this.host.clock.setTimeout(() => {
      round.pauseMs = Math.min(MAX_MS, round.pauseMs * 2);
      if (round.again) void this.#run(kind, round);
      else this.#rounds.delete(kind);
    }, round.pauseMs);
  }

  async #read(kind: ChangedKind): Promise<Differences | undefined> {
    const reading = this.host.read(kind);
    if (!reading) return undefined;
    const expired = () => new Error(`the list did not come within ${WAIT_MS} ms`);
    try {
      return await withDeadline({ ms: WAIT_MS, expired, clock: this.host.clock }, (signal) =>
        untilAborted(reading, signal),
      );
    } catch {
      // Lost, or late: then they are told that it changed, and no more.
      return undefined;
    }
  }
}
