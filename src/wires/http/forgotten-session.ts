import { systemClock } from "../../machines/clock.js";
import { Lost, sessionGone } from "../lost.js";
import type { HttpLink } from "./link.js";
import { probe } from "./probe.js";

export interface ForgottenSessionHost extends HttpLink {
  /** Requests that have no answer yet. */
  readonly inFlight: number;
  /** How long they have for one of their own. */
  readonly forgottenMs: number;
  /** Nothing can come under that session any more. */
  sessionEnds(): void;
}

/**
 * What follows when a server no longer knows the session. Only its own refusal says that a request was not done: others
 * may be running, and have a while for their answers. Nothing is sent under that session meanwhile.
 */
export class ForgottenSession {
  begun = false;
  #asking: Promise<boolean> | undefined;
  #timer: unknown;
  #stopped = false;

  constructor(private readonly host: ForgottenSessionHost) {}

  /** Asks whether the server no longer knows the session `id`; those who want to know at once share a ping. */
  ask(id: string): Promise<boolean> {
    this.#asking ??= probe(this.host, id).then((status) => {
      this.#asking = undefined;
      return status === 400 || status === 404;
    });
    return this.#asking;
  }

  /** What a request is told that was refused for the sake of session `id`. */
  refusal(id: string): Lost {
    const { host } = this;
    // Race: the server named the session anew meanwhile; the request goes again under the new name.
    if (host.session.id !== id) return new Lost("rejected", sessionGone);
    this.begin();
    // The last one takes the wire down with it.
    return new Lost("rejected", sessionGone, host.inFlight <= 1 ? "now" : "soon");
  }

  begin(): void {
    if (this.begun || this.#stopped) return;
    this.begun = true;
    this.#timer = systemClock.setTimeout(() => this.host.sessionEnds(), this.host.forgottenMs);
    this.settled();
  }

  /** A request was settled: where it was the last one, there is nothing to wait for. */
  settled(): void {
    if (!this.begun || this.host.inFlight > 0) return;
    // Its own end is heard of first.
    setImmediate(() => {
      if (!this.#stopped) this.host.sessionEnds();
    });
  }

  stop(): void {
    this.#stopped = true;
    systemClock.clearTimeout(this.#timer);
  }
}
