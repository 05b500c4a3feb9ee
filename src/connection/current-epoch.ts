import type { Ready } from "../session/ports.js";

/**
 * The one owner of what is open. An attempt that came through puts it here; it is ready once the machine took its step,
 * and no longer when the machine left, or when its wire was lost.
 */
export class CurrentEpoch {
  #opened: Ready | undefined;
  #up = false;

  /** The last attempt that came through, ready or not. */
  get opened(): Ready | undefined {
    return this.#opened;
  }

  /** What calls are sent through. */
  get ready(): Ready | undefined {
    return this.#up ? this.#opened : undefined;
  }

  /** The handshake is done. */
  open(opened: Ready): void {
    this.#opened = opened;
    this.#up = false;
  }

  /** The machine is connected. */
  begin(): Ready | undefined {
    this.#up = true;
    return this.ready;
  }

  /** Nothing is sent through it any more. Returns what was ready until now. */
  end(): Ready | undefined {
    const { ready } = this;
    this.#up = false;
    return ready;
  }
}
