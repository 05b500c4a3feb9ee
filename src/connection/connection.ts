import { type ActorRefFrom, createActor, type SnapshotFrom } from "xstate";
import type { HoldfastError } from "../base/errors.js";
import { keepAlive } from "../base/keep-alive.js";
import { Queue } from "../base/wait.js";
import type { AuthorizationStep } from "../contract/credential.js";
import type { Observed } from "../contract/inspection.js";
import type { ReplayMode } from "../contract/options.js";
import type { SessionOptions } from "../contract/session.js";
import type {
  Authorizing,
  ConnectionDetail,
  ConnectionState,
  ConnectionStatus,
  ServerChange,
} from "../contract/status.js";
import type { Wire } from "../contract/wire.js";
import { causeOf } from "../machines/causes.js";
import type { Clock } from "../machines/clock.js";
import { connectionMachine } from "../machines/connection.js";
import type { ConnectionEffects } from "../machines/effects.js";
import type { Failure } from "../machines/failure.js";
import type { ConnectionContext } from "../machines/reducers.js";
import type { ConnectionMachineEvent } from "../machines/setup.js";
import type { Announcement, ConnectionPort, Participant, Ready } from "../session/ports.js";
import { Attempts, type AttemptsHost } from "./attempts.js";
import {
  conflicting,
  disconnected,
  lossOnLeaving,
  queueFull,
  SESSION_ENDED,
  sessionEnded,
  transportClosed,
} from "./end-errors.js";
import { errorOf } from "./failure.js";
import { Heartbeat } from "./heartbeat.js";
import { ListenStream } from "./listen-stream.js";
import { conflictWith, profileOf } from "./profile.js";
import { RetryBudget } from "./retry-budget.js";
import { Router } from "./router.js";
import { ServerLists } from "./server-lists.js";
import type { Subscribers } from "./subscribers.js";
import { Subscriptions } from "./subscriptions.js";

type Machine = typeof connectionMachine;
type Snapshot = SnapshotFrom<Machine>;

export interface ConnectionSettings
  extends Pick<AttemptsHost, "clock" | "policy" | "era" | "eraMemory" | "openWire" | "credential"> {
  name: string;
  kind: string;
  replay: ReplayMode;
  trustAnnotations: boolean;
  maxQueued: number;
  heartbeatMs: number;
  callTimeoutMs(method: string, name: string | undefined): number | undefined;
  subscribers: Subscribers;
  /** The number that the first attempt follows. */
  epoch: number;
  random: () => number;
}

/** The count that one session holds. */
export interface Lease {
  readonly options: SessionOptions;
}

/** One life of one connection: the actor, and what the sessions share. */
export class Connection implements ConnectionPort {
  readonly name: string;
  readonly clock: Clock;
  readonly replay: ReplayMode;
  readonly #lists = new ServerLists();
  readonly #budget: RetryBudget;
  /** Open sessions, the oldest first. */
  readonly sessions = new Set<Participant>();
  readonly subscriptions: Subscriptions;
  ready: Ready | undefined;
  closedError: HoldfastError | undefined;
  readonly #actor: ActorRefFrom<Machine>;
  readonly #attempts: Attempts;
  readonly #heartbeat: Heartbeat;
  /** How the server differed when it was last reached again. */
  #change: ServerChange | undefined;
  /** It answered nothing, and is not given up because it may be busy with a call. */
  #suspect = false;
  readonly #stream: ListenStream;
  readonly #queue: Queue<Ready>;
  readonly #moved = new Queue<void>();
  readonly #verdict = new Queue<void>();
  readonly #leases = new Set<Lease>();
  readonly #observe = (event: Observed) => this.settings.subscribers.inspectors.hear(event, this.clock.now());
  #authorizing: Authorizing | undefined;
  #path = "idle";
  #since: number;
  #releaseKeeper: (() => void) | undefined;

  constructor(private readonly settings: ConnectionSettings) {
    const { name, replay, policy, epoch, clock, random } = settings;
    this.name = name;
    this.replay = replay;
    this.clock = clock;
    this.#budget = new RetryBudget(clock);
    this.#queue = new Queue<Ready>(settings.maxQueued);
    this.#since = clock.now();
    const current = () => this.ready;
    this.#stream = new ListenStream(
      clock,
      (listening) => this.announce({ type: "listening", epoch: this.epoch, listening }),
      current,
    );
    this.subscriptions = new Subscriptions(this.sessions, this.#stream, current);
    this.#attempts = new Attempts({
      ...settings,
      router: new Router(this.sessions),
      onList: (method, result) => this.#lists.note(method, result),
      onWarning: (message) => this.announce({ type: "warning", message: `${name}: ${message}` }),
      profile: () => profileOf([...this.#leases].map((lease) => lease.options)),
      restore: (ready) =>
        this.subscriptions.restore(ready, { timeout: Math.min(5_000, policy.connectTimeoutMs / 2) }, (e) =>
          this.#report(e),
        ),
      onWire: (wire, n) => this.#watch(wire, n),
      onRefused: (n) => this.send({ type: "credential.refused", epoch: n }),
      onAuthorization: (step) => this.#authorizes(step),
      onLost: (n, failure) => this.#onLost(n, failure),
    });
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs: settings.heartbeatMs,
      doubt: (n) => this.send({ type: "wire.doubted", epoch: n }),
      probing: () => this.#path === "connected.probing",
      heard: () => {
        this.#suspect = false;
      },
    });
    const effects: ConnectionEffects = {
      open: (n, signal) => this.#attempts.open(n, signal),
      probe: async (_epoch, signal) => {
        if (this.ready) this.#suspect = (await this.#attempts.probe(this.ready, signal)) === "busy";
      },
      authorize: (_epoch, signal) => this.#attempts.authorize(signal),
      dispose: () => this.#attempts.dispose(),
    };
    this.#actor = createActor(connectionMachine, {
      input: { policy, epoch, now: () => clock.now(), random, effects },
      clock,
      inspect: (event) => {
        if (event.type !== "@xstate.snapshot" || event.actorRef !== this.#actor) return;
        this.#onSnapshot(event.snapshot as Snapshot, event.event.type);
      },
    });
    this.#actor.start();
  }

  callTimeoutMs(method: string, name: string | undefined): number | undefined {
    return this.settings.callTimeoutMs(method, name);
  }
  mayRepeat(tool: string | undefined): boolean {
    return this.settings.trustAnnotations && this.#lists.repeatable(tool);
  }
  mayResend(): boolean {
    return this.#budget.take();
  }
  get epoch(): number {
    return this.#actor.getSnapshot().context.epoch;
  }
  get state(): ConnectionState {
    return this.#path.split(".")[0] as ConnectionState;
  }

  /** A closed connection hears nothing more. */
  send(event: ConnectionMachineEvent): void {
    if (this.#actor.getSnapshot().status === "active") this.#actor.send(event);
  }

  /** Lets the connection go, and rejects what waits for it. */
  disconnect(): void {
    const leaving = this.state === "disconnecting";
    this.send({ type: "disconnect" });
    // Race: a call began to wait while the connection was being let go already; no transition will tell it.
    if (leaving) this.#queue.reject(disconnected(this.name));
  }

  /** Settles when the connection is in a state that `wanted` accepts, now or after a later transition. */
  async until(wanted: (state: ConnectionState) => boolean, signal?: AbortSignal): Promise<void> {
    while (!wanted(this.state)) await this.#moved.wait(signal);
  }

  status(): ConnectionStatus {
    const { context } = this.#actor.getSnapshot();
    const [state, detail] = this.#path.split(".") as [ConnectionState, ConnectionDetail | undefined];
    const { name, kind } = this.settings;
    const client = this.ready?.client;
    const wire = this.ready && this.#attempts.wire;
    const modern = client?.getProtocolEra() === "modern";
    return {
      name,
      kind,
      state,
      detail,
      recovering: context.recovering,
      listening: modern ? this.#stream.listening : wire?.listening,
      suspect: detail === "probing" || this.#suspect,
      epoch: context.epoch,
      attempt: context.attempt,
      nextRetryAt: context.nextRetryAt,
      lastError: errorIn(context),
      authorizing: this.#authorizing && { ...this.#authorizing },
      since: this.#since,
      server: client?.getServerVersion(),
      era: client?.getProtocolEra(),
      protocolVersion: client?.getNegotiatedProtocolVersion(),
      pid: wire?.pid,
      sessionId: wire?.sessionId,
      lastChange: this.#change,
      // A closed actor hears of no release any more.
      leases: this.#leases.size,
      inFlight: this.ready?.guard.inFlight ?? 0,
    };
  }

  announce(event: Announcement): void {
    this.settings.subscribers.notify(() => this.status(), { ...event, at: this.clock.now() } as never);
  }

  get observe(): ((event: Observed) => void) | undefined {
    return this.settings.subscribers.inspectors.present ? this.#observe : undefined;
  }

  /** Counts a session that is about to open; undo with `release`. Throws `SESSION_CONFLICT`. */
  acquire(options: SessionOptions): Lease {
    const live =
      this.state === "connecting" || this.state === "connected" ? this.#attempts.profile : undefined;
    const conflict = live && conflictWith(live, options);
    if (conflict) {
      const { pinned, leases } = this.#actor.getSnapshot().context;
      if (leases > 0) throw conflicting(this.name, conflict);
      this.send({ type: "disconnect" });
      if (pinned) this.send({ type: "connect" });
    }
    const lease = { options };
    this.#leases.add(lease);
    this.send({ type: "lease.acquired" });
    return lease;
  }

  release(lease: Lease): void {
    if (this.#leases.delete(lease)) this.send({ type: "lease.released" });
  }

  /** Takes an open session in; `ready` is what it was opened on, which may be lost already. */
  admit(session: Participant, ready: Ready): void {
    this.sessions.add(session);
    session.adopt(this.ready ?? ready);
    const client = this.ready?.client;
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
    const ready = this.ready;
    for (const requestId of ready?.guard.withdraw(session, SESSION_ENDED) ?? []) {
      const params = { requestId, reason: SESSION_ENDED.message };
      ready?.client
        .notification({ method: "notifications/cancelled", params })
        .catch((error) => this.#report(error));
    }
    this.subscriptions.drop(session);
    this.release(lease);
  }

  async whenReady(signal: AbortSignal): Promise<Ready> {
    if (this.ready) return this.ready;
    if (this.closedError) throw this.closedError;
    if (this.#queue.full) throw queueFull(this.name, this.settings.maxQueued);
    const waiting = this.#queue.wait(signal);
    this.send({ type: "demand" });
    try {
      return await waiting;
    } catch (error) {
      if (this.#queue.empty) this.send({ type: "demand.withdrawn" });
      throw error;
    }
  }

  async whenVerdict(signal: AbortSignal): Promise<void> {
    const refused = this.#path === "connected.authorizing" && this.ready?.guard.down;
    if (this.#path === "connected.probing" || refused) await this.#verdict.wait(signal);
  }

  #authorizationBegins(): Authorizing {
    const since = this.clock.now();
    return { step: "discovering", since, until: since + this.settings.policy.authorizeTimeoutMs };
  }

  #authorizes(step: AuthorizationStep): void {
    const { since, until } = this.#authorizing ?? this.#authorizationBegins();
    this.#authorizing = { since, until, ...step };
    this.announce({ type: "authorizing", epoch: this.epoch, authorizing: this.#authorizing });
  }

  #watch(wire: Wire, epoch: number): void {
    wire.onDoubt = () => this.send({ type: "wire.doubted", epoch });
    wire.onListening = (listening) => this.announce({ type: "listening", epoch, listening });
  }

  #onLost(epoch: number, failure: Failure): void {
    if (this.ready?.epoch === epoch) this.ready = undefined;
    this.send({ type: "wire.lost", epoch, failure: lostBy(failure) });
  }

  /** What a server that was reached again offers now, and how that differs; the sessions hear of changed lists. */
  async #compare(ready: Ready): Promise<void> {
    const timeout = this.settings.policy.connectTimeoutMs;
    try {
      const change = await this.#lists.compare(ready.client, { timeout });
      if (!change || this.ready !== ready) return;
      this.#change = change;
      this.announce({ type: "changed", epoch: ready.epoch, change });
      const kinds = new Set(
        Object.keys(change.lists).map((kind) => (kind === "resourceTemplates" ? "resources" : kind)),
      );
      for (const kind of kinds)
        for (const session of this.sessions)
          session.deliver({ jsonrpc: "2.0", method: `notifications/${kind}/list_changed` });
    } catch (error) {
      // Lost again meanwhile: the next connection is compared then.
      if (this.ready === ready) this.#report(error);
    }
  }

  #report(error: unknown): void {
    for (const session of this.sessions) session.report(error as Error);
  }

  #onSnapshot({ value, context }: Snapshot, cause: string): void {
    const from = this.#path;
    const to = pathOf(value);
    if (to === from) return;
    this.#path = to;
    if (to.split(".")[0] !== from.split(".")[0]) this.#since = this.clock.now();
    this.#authorizing = to.endsWith(".authorizing")
      ? (this.#authorizing ?? this.#authorizationBegins())
      : undefined;
    const opened = to === "connected.steady" && from === "connecting.opening";
    if (opened) this.ready = this.#attempts.opened;
    else if (!to.startsWith("connected")) this.#letGo(to, context);
    const { epoch, attempt, nextRetryAt } = context;
    const error = errorIn(context);
    this.announce({
      type: "transition",
      from,
      to,
      cause: causeOf(cause),
      epoch,
      attempt,
      ...(nextRetryAt !== undefined && { delayMs: Math.max(0, nextRetryAt - this.clock.now()) }),
      ...(error && { error }),
    });
    this.#wake(from, to, context, opened);
  }

  /** Nothing passes the wire any more. Its resources go with `disconnecting`, or before the next attempt. */
  #letGo(to: string, context: ConnectionContext): void {
    const ready = this.ready;
    this.ready = undefined;
    this.#stream.stop();
    this.#heartbeat.stop();
    this.#suspect = false;
    const loss = lossOnLeaving(to, context);
    ready?.guard.shut(loss);
    this.#attempts.release(loss);
    if (to === "connecting.waiting" || to === "connecting.authorizing") void this.#attempts.dispose();
  }

  /** Wakes those who wait, after the subscribers have heard. */
  #wake(from: string, to: string, context: ConnectionContext, opened: boolean): void {
    if (from === "connected.probing" || from === "connected.authorizing") this.#verdict.resolve();
    if (from === "connected.authorizing" && to === "connected.steady") this.#attempts.release();
    if (opened && this.ready) {
      for (const session of this.sessions) session.adopt(this.ready);
      this.subscriptions.start();
      this.#heartbeat.start(this.ready, this.#attempts.wire);
      void this.#compare(this.ready);
      this.#queue.resolve(this.ready);
      // Race: a request was refused between the handshake's answer and this step, when nobody could act on it.
      if (this.#attempts.waits) this.send({ type: "credential.refused", epoch: this.ready.epoch });
    }
    if (to === "disconnecting") this.#releaseKeeper ??= keepAlive();
    else this.#releaseKeeper = this.#releaseKeeper?.() as undefined;
    if (to === "disconnecting" && context.leaving === "idle") this.#queue.reject(disconnected(this.name));
    else if (to === "disconnecting" || to === "closed") this.#endAll(context);
    this.#moved.resolve();
  }

  /** Nobody waits for the resources of a connection that is over. */
  #endAll({ leaving, lastError }: ConnectionContext): void {
    if (this.closedError) return;
    const failed = leaving !== "asked" && lastError !== undefined;
    const cause = failed ? errorOf(this.name, this.#withDeadline(lastError)) : undefined;
    this.closedError = transportClosed(this.name, leaving, cause);
    this.#queue.reject(cause ?? this.closedError);
    const end = failed ? this.closedError : sessionEnded(this.name, this.closedError);
    for (const session of [...this.sessions]) session.end(end);
  }

  /** The machine's own timeout knows neither the deadline in words nor what the wire has to say. */
  #withDeadline(failure: Failure): Failure {
    if (failure.code !== "CONNECT_TIMEOUT") return failure;
    return this.#attempts.explained({
      ...failure,
      details: { timeoutMs: this.settings.policy.connectTimeoutMs },
    });
  }
}

/** What the wire says of its loss; that the server wants credentials stays what it is. */
const lostBy = (failure: Failure): Failure =>
  failure.code === "AUTH_REQUIRED" ? failure : { ...failure, code: "CONNECTION_LOST" };

const errorIn = ({ lastError }: ConnectionContext) =>
  lastError && { code: lastError.code, message: lastError.message };

/** `connecting.waiting`, `idle`: state and detail as one word. */
function pathOf(value: Snapshot["value"]): string {
  if (typeof value === "string") return value;
  const [[state, detail]] = Object.entries(value) as [[string, string]];
  return `${state}.${detail}`;
}
