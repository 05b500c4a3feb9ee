import { InMemoryResponseCacheStore, ProtocolError, SdkError } from "@modelcontextprotocol/client";
import { type ActorRefFrom, createActor, type SnapshotFrom } from "xstate";
import { HoldfastError, statusOf } from "../errors.js";
import { causeOf } from "../machines/causes.js";
import { type Clock, systemClock } from "../machines/clock.js";
import { type ConnectionEffects, connectionMachine } from "../machines/connection.js";
import { Disposer } from "../machines/disposer.js";
import type { ConnectionMachineEvent } from "../machines/parts.js";
import type { ConnectionContext, ConnectionPolicy, Failure } from "../machines/reducers.js";
import { DEFAULTS, type EraOption, type ReplayMode } from "../options.js";
import type { Announcement, Link, Ready } from "../session/link.js";
import type { SessionOptions } from "../session/options.js";
import { Router } from "../session/router.js";
import type { SessionView } from "../session/session.js";
import { Subscriptions } from "../session/subscriptions.js";
import { Lost } from "../wires/lost.js";
import type { Wire } from "../wires/wire.js";
import { type AttemptContext, openAttempt } from "./attempt.js";
import type { EraMemory } from "./era.js";
import { errorOf, failureOf } from "./failure.js";
import { keepAlive } from "./keeper.js";
import type { Listeners } from "./listeners.js";
import { conflictWith, type Profile, profileOf } from "./profile.js";
import { Queue } from "./queue.js";
import type { ConnectionDetail, ConnectionState, ConnectionStatus } from "./status.js";

type Machine = ReturnType<typeof connectionMachine>;
type Snapshot = SnapshotFrom<Machine>;

export interface ConnectionSettings {
  name: string;
  kind: string;
  policy: ConnectionPolicy;
  era: EraOption;
  replay: ReplayMode;
  eraMemory: EraMemory;
  listeners: Listeners;
  /** The number that the first attempt follows. */
  epoch: number;
  openWire(context: AttemptContext): Promise<Wire> | Wire;
  clock?: Clock;
  random?: () => number;
}

/** One life of one connection: the actor, the effects that it asks for, and what the sessions share. */
export class Connection implements Link {
  readonly name: string;
  readonly replay: ReplayMode;
  /** Open sessions, the oldest first. */
  readonly sessions = new Set<SessionView>();
  readonly subscriptions: Subscriptions;
  ready: Ready | undefined;
  closedError: HoldfastError | undefined;
  readonly #actor: ActorRefFrom<Machine>;
  readonly clock: Clock;
  readonly #router = new Router(this.sessions);
  readonly #queue = new Queue<Ready>(DEFAULTS.maxQueued);
  readonly #moved = new Queue<void>(Number.POSITIVE_INFINITY);
  readonly #certain = new Queue<void>(Number.POSITIVE_INFINITY);
  readonly #cache = new InMemoryResponseCacheStore();
  readonly #wants = new Set<SessionOptions>();
  #profile: Profile | undefined;
  #disposer = new Disposer();
  #opened: Ready | undefined;
  #wire: Wire | undefined;
  #path = "idle";
  #since: number;
  #releaseKeeper: (() => void) | undefined;

  constructor(private readonly settings: ConnectionSettings) {
    const { name, replay, policy, epoch, clock = systemClock, random = Math.random } = settings;
    this.name = name;
    this.replay = replay;
    this.clock = clock;
    this.#since = clock.now();
    this.subscriptions = new Subscriptions(
      clock,
      this.sessions,
      (listening) => this.announce({ type: "listening", epoch: this.#opened?.epoch ?? 0, listening }),
      () => this.ready,
    );
    const effects: ConnectionEffects = {
      open: (n, signal) => this.#open(n, signal),
      probe: () => this.#probe(),
      dispose: () => this.#disposer.dispose(),
    };
    this.#actor = createActor(connectionMachine(effects), {
      input: { policy, epoch, now: () => clock.now(), random },
      clock,
      inspect: (event) => {
        if (event.type === "@xstate.snapshot" && event.actorRef === this.#actor) {
          this.#onSnapshot(event.snapshot as Snapshot, event.event.type);
        }
      },
    });
    this.#actor.start();
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

  /** Settles when the connection is in a state that `wanted` accepts, now or after a later transition. */
  async until(wanted: (state: ConnectionState) => boolean, signal?: AbortSignal): Promise<void> {
    while (!wanted(this.state)) await this.#moved.wait(signal);
  }

  status(): ConnectionStatus {
    const { context } = this.#actor.getSnapshot();
    const { name, kind } = this.settings;
    const [state, detail] = this.#path.split(".") as [ConnectionState, ConnectionDetail | undefined];
    const client = this.ready?.client;
    const wire = this.ready ? this.#wire : undefined;
    const modern = client?.getProtocolEra() === "modern";
    return {
      name,
      kind,
      state,
      detail,
      recovering: context.recovering,
      listening:
        modern && this.ready?.guard.hasPerRequestStream ? this.subscriptions.listening : wire?.listening,
      suspect: detail === "probing",
      epoch: context.epoch,
      attempt: context.attempt,
      nextRetryAt: context.nextRetryAt,
      lastError: context.lastError && { code: context.lastError.code, message: context.lastError.message },
      since: this.#since,
      server: client?.getServerVersion(),
      era: client?.getProtocolEra(),
      protocolVersion: client?.getNegotiatedProtocolVersion(),
      pid: wire?.pid,
      sessionId: wire?.sessionId,
      leases: context.leases,
      inFlight: this.ready?.guard.inFlight ?? 0,
    };
  }

  announce(event: Announcement): void {
    this.settings.listeners.tell(() => this.status(), { ...event, at: this.clock.now() } as never);
  }

  /** Counts a session that is about to open; undo with `release`. Throws `SESSION_CONFLICT`. */
  acquire(options: SessionOptions): void {
    const live =
      this.#profile && (this.state === "connecting" || this.state === "connected")
        ? this.#profile
        : undefined;
    const conflict = live && conflictWith(live, options);
    const { pinned, leases } = this.#actor.getSnapshot().context;
    if (conflict) {
      if (leases > 0) {
        const message = `${this.name}: another session is open, and this one needs ${conflict}. Use transport.fork() for a connection of its own`;
        throw new HoldfastError("SESSION_CONFLICT", message, { server: this.name });
      }
      this.send({ type: "disconnect" });
      if (pinned) this.send({ type: "connect" });
    }
    this.#wants.add(options);
    this.send({ type: "lease.acquired" });
  }

  release(options: SessionOptions): void {
    if (this.#wants.delete(options)) this.send({ type: "lease.released" });
  }

  /** Takes an open session in; `ready` is what it was opened on, which may be lost already. */
  admit(session: SessionView, ready: Ready): void {
    this.sessions.add(session);
    session.adopt(this.ready ?? ready);
    const level = session.logLevel;
    const client = this.ready?.client;
    if (level && client?.getProtocolEra() === "legacy" && client.getServerCapabilities()?.logging) {
      client.setLoggingLevel(this.subscriptions.logLevel() ?? level).catch((error) => session.report(error));
    }
  }

  /** Withdraws everything of an ended session: its calls, what it declared, its lease. */
  dismiss(session: SessionView): void {
    this.sessions.delete(session);
    const ready = this.ready;
    for (const requestId of ready?.guard.withdraw(session, SESSION_ENDED) ?? []) {
      const params = { requestId, reason: SESSION_ENDED.message };
      ready?.client
        .notification({ method: "notifications/cancelled", params })
        .catch((error) => this.#report(error));
    }
    this.subscriptions.drop(session);
    this.release(session.options);
  }

  async whenReady(signal: AbortSignal): Promise<Ready> {
    if (this.ready) return this.ready;
    if (this.closedError) throw this.closedError;
    const { maxQueued } = DEFAULTS;
    if (this.#queue.full) {
      throw new HoldfastError("QUEUE_FULL", `${this.name}: ${maxQueued} calls are waiting already`, {
        server: this.name,
        maxQueued,
      });
    }
    const waiting = this.#queue.wait(signal);
    this.send({ type: "demand" });
    return waiting;
  }

  async whenCertain(): Promise<void> {
    if (this.#path === "connected.probing") await this.#certain.wait();
  }

  async #open(epoch: number, signal: AbortSignal): Promise<void> {
    const previous = this.#disposer;
    const disposer = new Disposer();
    this.#disposer = disposer;
    disposer.add(() => previous.dispose());
    signal.addEventListener("abort", () => disposer.dispose(), { once: true });
    try {
      // The old process is gone before a new one starts; and sessions that open in this tick share the handshake.
      await this.#within(this.settings.policy.closeTimeoutMs, previous.dispose());
      signal.throwIfAborted();
      this.#profile = profileOf([...this.#wants]);
      const ready = await openAttempt({
        ...this.settings,
        epoch,
        signal,
        disposer,
        connectTimeoutMs: this.settings.policy.connectTimeoutMs,
        profile: this.#profile,
        cache: this.#cache,
        router: this.#router,
        hooks: { onnotification: (message) => this.#router.notify(message as never) },
        onWire: (wire) => this.#watch(wire, epoch),
        onlost: (failure) => this.#onLost(epoch, failure),
      });
      await this.subscriptions.restore(ready, { timeout: this.settings.policy.connectTimeoutMs }, (error) =>
        this.#report(error),
      );
      this.#opened = ready;
    } catch (error) {
      const failure = this.#explained(failureOf(error));
      disposer.dispose();
      throw failure;
    }
  }

  #watch(wire: Wire, epoch: number): void {
    this.#wire = wire;
    wire.ondoubt = () => this.send({ type: "wire.doubted", epoch });
    wire.onlistening = (listening) => this.announce({ type: "listening", epoch, listening });
  }

  async #probe(): Promise<void> {
    const ready = this.ready;
    if (!ready) return;
    const options = { timeout: this.settings.policy.probeTimeoutMs };
    try {
      await (ready.client.getProtocolEra() === "modern"
        ? ready.client.discover(options)
        : ready.client.ping(options));
    } catch (error) {
      if (!isSilence(error)) return;
      const failure = failureOf(error);
      this.ready = undefined;
      ready.guard.shut(failure);
      throw { ...failure, code: "CONNECTION_LOST" } satisfies Failure;
    }
  }

  #onLost(epoch: number, failure: Failure): void {
    if (this.ready?.epoch === epoch) this.ready = undefined;
    this.send({ type: "wire.lost", epoch, failure: { ...failure, code: "CONNECTION_LOST" } });
  }

  #explained(failure: Failure): Failure {
    return this.#wire?.explain?.(failure) ?? failure;
  }

  #report(error: unknown): void {
    for (const session of this.sessions) session.report(error as Error);
  }

  #onSnapshot(snapshot: Snapshot, cause: string): void {
    const from = this.#path;
    const to = pathOf(snapshot.value);
    if (to === from) return;
    const { context } = snapshot;
    this.#path = to;
    if (to.split(".")[0] !== from.split(".")[0]) this.#since = this.clock.now();
    if (to === "connected.steady" && from === "connecting.opening") this.ready = this.#opened;
    else if (!to.startsWith("connected")) this.#letGo(to, context);
    this.announce({
      type: "transition",
      from,
      to,
      cause: causeOf(cause),
      epoch: context.epoch,
      attempt: context.attempt,
      ...(context.nextRetryAt !== undefined && {
        delayMs: Math.max(0, context.nextRetryAt - this.clock.now()),
      }),
      ...(context.lastError && {
        error: { code: context.lastError.code, message: context.lastError.message },
      }),
    });
    this.#settle(from, to, snapshot);
  }

  /** Wakes those who wait, after the subscribers have heard. */
  #settle(from: string, to: string, { context }: Snapshot): void {
    if (from === "connected.probing") this.#certain.resolve();
    if (this.ready && to === "connected.steady" && from === "connecting.opening") {
      for (const session of this.sessions) session.adopt(this.ready);
      this.subscriptions.start(this.ready);
      this.#queue.resolve(this.ready);
    }
    if (to === "disconnecting") this.#releaseKeeper ??= keepAlive();
    else {
      this.#releaseKeeper?.();
      this.#releaseKeeper = undefined;
    }
    if (to === "disconnecting" && context.leaving === "idle") this.#queue.reject(disconnected(this.name));
    else if (to === "disconnecting" || to === "closed") this.#endAll(context);
    this.#moved.resolve();
  }

  /** Nothing passes the wire any more. Its resources go with `disconnecting`, or before the next attempt. */
  #letGo(to: string, { leaving, lastError }: ConnectionContext): void {
    const ready = this.ready;
    this.ready = undefined;
    this.subscriptions.stop();
    const lost = to.startsWith("connecting") || leaving === "failed" || leaving === "gave-up";
    const failure: Failure =
      lost && lastError ? lastError : { code: "CONNECTION_LOST", message: LET_GO[leaving], asked: true };
    ready?.guard.shut({ ...failure, code: "CONNECTION_LOST" });
    if (to === "connecting.waiting") this.#disposer.dispose();
  }

  /** Nobody waits for the resources of a connection that is over. */
  #endAll({ leaving, lastError }: ConnectionContext): void {
    if (this.closedError) return;
    const failed = leaving !== "asked" && lastError !== undefined;
    const cause = failed ? errorOf(this.name, this.#timeoutExplained(lastError)) : undefined;
    const why = leaving === "gave-up" ? "gave up" : leaving === "failed" ? "failed" : "was closed";
    const message = `${this.name}: the transport ${why}${cause ? ` (${cause.message})` : ""}`;
    this.closedError = new HoldfastError("TRANSPORT_CLOSED", message, { server: this.name, cause });
    this.#queue.reject(cause ?? this.closedError);
    const end = failed ? this.closedError : sessionEnded(this.name, this.closedError);
    for (const session of [...this.sessions]) session.end(end);
  }

  #timeoutExplained(failure: Failure): Failure {
    if (failure.code !== "CONNECT_TIMEOUT") return failure;
    return this.#explained({ ...failure, details: { timeoutMs: this.settings.policy.connectTimeoutMs } });
  }

  /** Settles with `work`, or after `ms`: what hangs must not hold the next attempt up for ever. */
  #within(ms: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, ms);
      void work.then(() => {
        this.clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

const SESSION_ENDED: Failure = { code: "CONNECTION_LOST", message: "the session ended", asked: true };
const LET_GO = {
  idle: "the connection was let go by disconnect()",
  asked: "the transport was closed",
  failed: "the connection failed",
  "gave-up": "the connection gave up",
};

/** `connecting.waiting`, `idle`: state and detail as one word. */
function pathOf(value: Snapshot["value"]): string {
  if (typeof value === "string") return value;
  const [[state, detail]] = Object.entries(value) as [[string, string]];
  return `${state}.${detail}`;
}

/** Whether a probe failed because nothing came back; any answer of the server, an error too, is a sign of life. */
function isSilence(error: unknown): boolean {
  if (Lost.of(error)) return true;
  if (error instanceof SdkError) return statusOf(error) === undefined;
  return !(error instanceof ProtocolError);
}

function sessionEnded(name: string, cause: HoldfastError): HoldfastError {
  return new HoldfastError("SESSION_CLOSED", `${name}: the session ended with its transport`, {
    server: name,
    cause,
  });
}

function disconnected(name: string): HoldfastError {
  return new HoldfastError(
    "CONNECTION_LOST",
    `${name}: disconnect() was called while this was waiting. It was not sent.`,
    {
      server: name,
      outcome: "not-sent",
    },
  );
}
