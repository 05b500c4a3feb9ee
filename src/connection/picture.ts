import type { AuthorizationStep } from "../contract/credential.js";
import type { Authorizing, ConnectionStatus, ServerChange, StatusError } from "../contract/status.js";
import type { Listening } from "../contract/wire.js";
import type { Clock } from "../machines/clock.js";
import type { ConnectionContext } from "../machines/reducers.js";
import type { ConnectionActor, Move } from "./actor.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { healthAfter } from "./health.js";

export interface PictureHost {
  name: string;
  kind: string;
  clock: Clock;
  authorizeTimeoutMs: number;
  current: CurrentEpoch;
  /** Whether a modern server's stream of changes is open. */
  listening(): Listening;
  /** How many sessions are open, or about to be. */
  leases(): number;
}

/** What is shown of a connection: what the machine says, and what only those around it know. */
export class Picture {
  /** It answered nothing, and is not given up because it may be busy with a call. */
  suspect = false;
  /** How the server differed when it was last reached again. */
  change: ServerChange | undefined;
  /** It is started by its first call, and what it offers is known before. */
  lazy = false;
  #authorizing: Authorizing | undefined;
  #since: number;

  constructor(private readonly host: PictureHost) {
    this.#since = host.clock.now();
  }

  /** The machine moved. */
  moves({ from, to }: Move): void {
    if (to.split(".")[0] !== from.split(".")[0]) this.#since = this.host.clock.now();
    this.#authorizing = to.endsWith(".authorizing") ? (this.#authorizing ?? this.#begun()) : undefined;
  }

  /** A sign-in went on. */
  authorizes(step: AuthorizationStep): Authorizing {
    const { since, until } = this.#authorizing ?? this.#begun();
    this.#authorizing = { since, until, ...step };
    return this.#authorizing;
  }

  status({ context, state, detail }: ConnectionActor): ConnectionStatus {
    const { name, kind, current } = this.host;
    const client = current.ready?.client;
    const wire = current.ready?.guard.wire;
    const era = client?.getProtocolEra();
    return {
      name,
      kind,
      state,
      detail,
      recovering: context.recovering,
      listening: era === "modern" ? this.host.listening() : wire?.listening,
      suspect: detail === "probing" || this.suspect,
      epoch: context.epoch,
      attempt: context.attempt,
      nextRetryAt: context.nextRetryAt,
      lastError: errorIn(context),
      authorizing: this.#authorizing && { ...this.#authorizing },
      since: this.#since,
      server: client?.getServerVersion(),
      era,
      protocolVersion: client?.getNegotiatedProtocolVersion(),
      pid: wire?.pid,
      sessionId: wire?.sessionId,
      lastChange: this.change,
      // A closed actor hears of no release any more.
      leases: this.host.leases(),
      inFlight: current.ready?.guard.inFlight ?? 0,
      ...(this.lazy && state !== "closed" && { lazy: LAZY[state] }),
    };
  }

  #begun(): Authorizing {
    const since = this.host.clock.now();
    return { step: "discovering", since, until: since + this.host.authorizeTimeoutMs };
  }
}

const LAZY = {
  idle: "known",
  connecting: "starting",
  connected: "connected",
  disconnecting: "known",
} as const;

/** What went wrong last, as it is shown. */
export const errorIn = ({ lastError }: ConnectionContext): StatusError | undefined =>
  lastError && {
    code: lastError.code,
    message: lastError.message,
    ...(lastError.hint && { hint: lastError.hint }),
    health: healthAfter(lastError),
  };
