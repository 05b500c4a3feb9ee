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
  /** The server is to be asked for a sign of life. */
  doubt(epoch: number): void;
  /** The server is being asked. */
  probing(): boolean;
  /** Something came in. */
  heard(): void;
}

/** Watches one connection for silence, and for a machine that slept: then the server is asked at once. */
export class Heartbeat {
  #end: (() => void) | undefined;

  constructor(private readonly host: HeartbeatHost) {}

  start(ready: Ready): void {
    this.stop();
    const { clock, intervalMs } = this.host;
    // Any byte counts where the wire can tell; else any message.
    const received = () => ready.guard.wire.bytesRead ?? ready.guard.received;
    let count = received();
    let heardAt = clock.now();
    let ahead = this.#ahead();
    let probed = false;
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
      // The interval begins anew with the end of a probe.
      const probing = this.host.probing();
      if (probing || probed) heardAt = now;
      else if (slept || now - heardAt >= intervalMs) {
        heardAt = now;
        this.host.doubt(ready.epoch);
      }
      probed = probing;
    };
    // A clock without a wall, and nobody who wants to hear: nothing to look at.
    if (clock.wall || Number.isFinite(intervalMs))
      this.#end = onBeat(clock, Math.min(TICK_MS, intervalMs), tick);
  }

  stop(): void {
    this.#end?.();
    this.#end = undefined;
  }

  #ahead(): number {
    const { clock } = this.host;
    return clock.wall ? clock.wall() - clock.now() : 0;
  }
}
