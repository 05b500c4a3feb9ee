import { DEFAULTS } from "../contract/options.js";
import type { Clock } from "../machines/clock.js";

/** What is known of a server's era. A legacy verdict is believed for a while only, because servers are upgraded. */
export class EraMemory {
  #legacySince: number | undefined;

  constructor(private readonly clock: Clock) {}

  isLegacy(): boolean {
    return this.#legacySince !== undefined && this.clock.now() - this.#legacySince < DEFAULTS.eraMemoryMs;
  }

  remember(era: "legacy" | "modern"): void {
    if (era === "modern") this.#legacySince = undefined;
    else if (!this.isLegacy()) this.#legacySince = this.clock.now();
  }
}
