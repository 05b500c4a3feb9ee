import type { JSONRPCNotification } from "@modelcontextprotocol/client";
import type { HoldfastError } from "../base/errors.js";
import type { SessionOptions } from "../contract/session.js";
import type { Listening } from "../contract/wire.js";
import type { Clock } from "../machines/clock.js";
import type { Participant, Ready } from "../session/ports.js";
import type { ConnectionActor } from "./actor.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { conflicting, SESSION_ENDED } from "./end-errors.js";
import { ListenStream } from "./listen-stream.js";
import { conflictWith, type Profile, profileOf } from "./profile.js";
import { Router } from "./router.js";
import { Subscriptions } from "./subscriptions.js";

/** The count that one session holds. */
export interface Lease {
  readonly options: SessionOptions;
}

export interface ParticipantsHost {
  name: string;
  current: CurrentEpoch;
  clock: Clock;
  onListening(listening: Listening): void;
  /** A question of the server was put to nobody. */
  onWarning(message: string): void;
  /** How many requests of the server are answered at once. */
  maxServerRequests: number;
  actor(): ConnectionActor;
}

/** The sessions of a connection: who holds it, who is open on it, and what they declared. */
export class Participants {
  /** Open sessions, the oldest first. */
  readonly sessions = new Set<Participant>();
  readonly subscriptions: Subscriptions;
  readonly stream: ListenStream;
  readonly router: Router;
  readonly #leases = new Set<Lease>();
  /** What the last handshake fixed. */
  #profile: Profile | undefined;

  constructor(private readonly host: ParticipantsHost) {
    const current = () => host.current.ready;
    this.router = new Router(this.sessions, host);
    this.stream = new ListenStream(host.clock, (listening) => host.onListening(listening), current);
    this.subscriptions = new Subscriptions(host.clock, this.sessions, this.stream, current);
  }

  get leases(): number {
    return this.#leases.size;
  }

  /** The handshake that serves the sessions of this moment; it is fixed with that. */
  fix(): Profile {
    this.#profile = profileOf([...this.#leases].map((lease) => lease.options));
    return this.#profile;
  }

  /** Counts a session that is about to open; undo with `release`. Throws `SESSION_CONFLICT`. */
  acquire(options: SessionOptions): Lease {
    const actor = this.host.actor();
    const { state } = actor;
    const fixed = state === "connecting" || state === "connected" ? this.#profile : undefined;
    const conflict = fixed && conflictWith(fixed, options);
    if (conflict) {
      if (this.#leases.size > 0) throw conflicting(this.host.name, conflict);
      const { pinned } = actor.context;
      actor.send({ type: "disconnect" });
      if (pinned) actor.send({ type: "connect" });
    }
    const lease = { options };
    this.#leases.add(lease);
    actor.send({ type: "lease.acquired" });
    return lease;
  }

  release(lease: Lease): void {
    if (this.#leases.delete(lease)) this.host.actor().send({ type: "lease.released" });
  }

  /** Takes an open session in; `ready` is what it was opened on, which may be lost already. */
  admit(session: Participant, ready: Ready): void {
    const { current } = this.host;
    this.sessions.add(session);
    session.adopt(current.ready ?? ready);
    const client = current.ready?.client;
    if (
      !session.logLevel ||
      client?.getProtocolEra() !== "legacy" ||
      !client.getServerCapabilities()?.logging
    )
      return;
    client
      .setLoggingLevel(this.subscriptions.logLevel() ?? session.logLevel)
      .catch((error) => session.report(error));
  }

  /** Withdraws everything of an ended session: its calls, what it declared, its lease. */
  dismiss(session: Participant, lease: Lease): void {
    this.sessions.delete(session);
    const { ready } = this.host.current;
    for (const requestId of ready?.guard.withdraw(session, SESSION_ENDED) ?? []) {
      const params = { requestId, reason: SESSION_ENDED.message };
      ready?.client
        .notification({ method: "notifications/cancelled", params })
        .catch((error) => this.report(error));
    }
    this.subscriptions.drop(session);
    this.release(lease);
  }

  /** A new epoch is ready for all of them. */
  adopt(ready: Ready): void {
    for (const session of this.sessions) session.adopt(ready);
    this.subscriptions.start();
  }

  deliver(notification: JSONRPCNotification): void {
    for (const session of this.sessions) session.deliver(notification);
  }

  /** Tells each of them what went wrong outside of any call. */
  report(error: Error): void {
    for (const session of this.sessions) session.report(error);
  }

  end(reason: HoldfastError): void {
    for (const session of [...this.sessions]) session.end(reason);
  }
}
