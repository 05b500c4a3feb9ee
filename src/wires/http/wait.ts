import { systemClock } from "../../machines/clock.js";

/** A pause that can be cut short. */
export class Wait {
  #timer: unknown;
  #over: (() => void) | undefined;

  /** Settles after so many ms, or with `end`. */
  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#over = resolve;
      this.#timer = systemClock.setTimeout(() => this.end(), ms);
    });
  }

  end(): void {
    systemClock.clearTimeout(this.#timer);
    this.#over?.();
    this.#over = undefined;
  }
}
