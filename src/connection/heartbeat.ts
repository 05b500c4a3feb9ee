import type { Clock } from "../machines/clock.js";
import type { Ready } from "../session/ports.js";
import { onBeat } from "./beat.js";

/** Looked at no more often than this, and whether the machine slept no less often. */
const TICK_MS = 5_000;
/** The wall clock is this far ahead of the one that stands still while the machine sleeps. */
const SLEPT_MS = 5_000;

export interface HeartbeatHost {
  clock: Clock;
  /** How long nothing may be received; `Infinity`: however long. */
  intervalMs: number;
  /** Whether the server answers a question by the way. Does not reject. */
  ask(ready: Ready): Promise<boolean>;
  /** The server may be gone. `pinged`: it did not answer a ping. */
  doubt(epoch: number, pinged: boolean): void;
  /** The server is not being asked already, and nobody signs in. */
  steady(): boolean;
  /** Something came in. */
  heard(): void;
}

/** Watches one connection for silence: then the server is asked, and doubted if it does not answer. After the machine slept it is doubted at once. */
export class Heartbeat {
  #watched: Ready | undefined;
  #end: (() => void) | undefined;

  constructor(private readonly host: HeartbeatHost) {}

  start(ready: Ready): void {
    this.stop();
    this.#watched = ready;
    const { clock, intervalMs } = this.host;
    // Any byte counts where the wire can tell; else any message.
    const received = () => ready.guard.wire.bytesRead ?? ready.guard.received;
    let count = received();
    let heardAt = clock.now();
    let ahead = this.#ahead();
    let wasSteady = true;
    let asking = false;
    const ask = async () => {
      asking = true;
      const alive = await this.host.ask(ready);
      asking = false;
      heardAt = clock.now();
      if (!alive && this.#watched === ready && this.host.steady()) this.host.doubt(ready.epoch, true);
    };
    const tick = () => {
      const now = clock.now();
      const before = ahead;
      ahead = this.#ahead();
      const slept = ahead - before > SLEPT_MS;
      const receivedNow = received();
      if (receivedNow !== count) {
        count = receivedNow;
        heardAt = now;
        this.host.heard();
      }
      // The interval begins anew with the end of what made it unsteady.
      const steady = this.host.steady();
      if (!steady || !wasSteady) heardAt = now;
      else if (slept) {
        heardAt = now;
        this.host.doubt(ready.epoch, false);
      } else if (!asking && now - heardAt >= intervalMs) void ask();
      wasSteady = steady;
    };
    // A clock without a wall, and nobody who wants to hear: nothing to look at.
    if (clock.wall || Number.isFinite(intervalMs))
      this.#end = onBeat(clock, Math.min(TICK_MS, intervalMs), tick);
  }

  stop(): void {
    this.#watched = undefined;
    this.#end?.();
    this.#end = undefined;
  }

  #ahead(): number {
    const { clock } = this.host;
    return clock.wall ? clock.wall() - clock.now() : 0;
  }
}
