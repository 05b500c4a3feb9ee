import { asError } from "../base/errors.js";
import type { ServerChange } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";
import type { Ready } from "../session/ports.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { Heartbeat } from "./heartbeat.js";
import type { Participants } from "./participants.js";
import { ServerLists } from "./server-lists.js";

export interface UpkeepHost {
  clock: Clock;
  heartbeatMs: number;
  /** How long the lists of a server that was reached again may take. */
  compareMs: number;
  current: CurrentEpoch;
  participants: Participants;
  doubt(epoch: number): void;
  probing(): boolean;
  heard(): void;
  onChange(change: ServerChange, epoch: number): void;
}

/** What is done for a connection for as long as it is ready: it is listened to, and compared with what it was. */
export class Upkeep {
  readonly lists = new ServerLists();
  readonly #heartbeat: Heartbeat;

  constructor(private readonly host: UpkeepHost) {
    this.#heartbeat = new Heartbeat({ ...host, intervalMs: host.heartbeatMs });
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

  stop(): void {
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
      const kinds = new Set(
        Object.keys(change.lists).map((kind) => (kind === "resourceTemplates" ? "resources" : kind)),
      );
      for (const kind of kinds)
        participants.deliver({ jsonrpc: "2.0", method: `notifications/${kind}/list_changed` });
    } catch (error) {
      // Lost again meanwhile: the next connection is compared then.
      if (current.ready === ready) participants.report(asError(error));
    }
  }
}
