import { asError } from "../base/errors.js";
import { DIFFERENCES } from "../contract/protocol.js";
import type { ServerChange } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";
import type { Ready } from "../session/ports.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { Heartbeat } from "./heartbeat.js";
import { type ChangedKind, changedKind, type Differences, ListWatch } from "./list-watch.js";
import type { Participants } from "./participants.js";
import { answersPing } from "./probe.js";
import { type Expected, ServerLists } from "./server-lists.js";

export type { Expected };

export interface UpkeepHost {
  clock: Clock;
  heartbeatMs: number;
  /** How long the lists of a server that was reached again may take. */
  compareMs: number;
  probeTimeoutMs: number;
  current: CurrentEpoch;
  participants: Participants;
  doubt(epoch: number, pinged: boolean): void;
  steady(): boolean;
  heard(): void;
  onChange(change: ServerChange, epoch: number): void;
}

/** What is done for a connection for as long as it is ready: it is listened to, and compared with what it was. */
export class Upkeep {
  readonly lists: ServerLists;
  readonly #watch: ListWatch;
  readonly #heartbeat: Heartbeat;

  constructor(private readonly host: UpkeepHost) {
    this.lists = new ServerLists((kind, difference) =>
      host.onChange({ lists: { [kind]: difference } }, host.current.ready?.epoch ?? 0),
    );
    this.#watch = new ListWatch({
      clock: host.clock,
      read: (kind) => this.#reread(kind),
      deliver: (kind, differences) => this.#deliver(kind, differences),
    });
    this.#heartbeat = new Heartbeat({
      ...host,
      intervalMs: host.heartbeatMs,
      ask: (ready) => answersPing(ready, host.probeTimeoutMs),
    });
  }

  start(ready: Ready): void {
    this.host.participants.adopt(ready);
    this.#heartbeat.start(ready);
    void this.#compare(ready);
  }

  /** What changed may have been missed. */
  missed(epoch: number): void {
    const { ready } = this.host.current;
    if (ready?.epoch === epoch) void this.#compare(ready);
  }

  /** Takes a notification that a list of the server changed, and tells the sessions of it. False for any other method. */
  listChanged(method: string): boolean {
    const kind = changedKind(method);
    if (kind) this.#watch.heard(kind);
    return kind !== undefined;
  }

  stop(): void {
    this.#watch.stop();
    this.host.participants.stream.stop();
    this.#heartbeat.stop();
  }

  /** What a server that was reached again offers now, and how that differs; the sessions hear of changed lists. */
  async #compare(ready: Ready): Promise<void> {
    const { compareMs, current, participants, onChange } = this.host;
    try {
      const change = await this.lists.compare(ready.client, { timeout: compareMs });
      if (!change || current.ready !== ready) return;
      onChange(change, ready.epoch);
      for (const kind of ["tools", "prompts", "resources"] as const) {
        const lists = only(kind, change.lists);
        if (Object.keys(lists).length > 0) this.#tell(kind, lists);
      }
    } catch (error) {
      // Lost again meanwhile: the next connection is compared then.
      if (current.ready === ready) participants.report(asError(error));
    }
  }

  #reread(kind: ChangedKind): Promise<Differences> | undefined {
    const { current, compareMs } = this.host;
    if (!current.ready) return undefined;
    return this.lists.reread(LISTS[kind], current.ready.client, { timeout: compareMs });
  }

  #deliver(kind: ChangedKind, differences: Differences | undefined): void {
    const { current, onChange } = this.host;
    if (differences && Object.keys(differences).length > 0)
      onChange({ lists: differences }, current.ready?.epoch ?? 0);
    this.#tell(kind, differences);
  }

  #tell(kind: ChangedKind, differences: Differences | undefined): void {
    this.host.participants.deliver({
      jsonrpc: "2.0",
      method: `notifications/${kind}/list_changed`,
      ...(differences && { params: { _meta: { [DIFFERENCES]: differences } } }),
    });
  }
}

const LISTS = {
  tools: ["tools"],
  prompts: ["prompts"],
  resources: ["resources", "resourceTemplates"],
} as const;

const only = (kind: ChangedKind, lists: Differences): Differences =>
  Object.fromEntries(LISTS[kind].flatMap((list) => (lists[list] ? [[list, lists[list]]] : [])));
