import { type InspectOptions, inspect } from "node:util";
import { controllerForMany, whenAborted } from "../base/abort.js";
import { HoldfastError } from "../base/errors.js";
import { keepAlive, keepAliveWhile } from "../base/keep-alive.js";
import { withDeadline } from "../base/wait.js";
import { Connection } from "../connection/connection.js";
import { EraMemory } from "../connection/era.js";
import type { Lease } from "../connection/participants.js";
import { OWN_INFO } from "../connection/profile.js";
import { Subscribers } from "../connection/subscribers.js";
import { checkShared } from "../contract/check-options.js";
import type { Credential } from "../contract/credential.js";
import type { Inspect, Observed } from "../contract/inspection.js";
import { DEFAULTS, policyOf, type SharedOptions } from "../contract/options.js";
import type { Session, SessionOptions, TransportHandle, WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus, StatusListener } from "../contract/status.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { type Clock, systemClock } from "../machines/clock.js";
import type { ConnectionPolicy } from "../machines/reducers.js";
import type { Announcement, Ready } from "../session/ports.js";
import { SessionView } from "../session/session.js";

/** What a transport says of itself to the base class. */
export interface TransportIdentity {
  /** `stdio`, `http`, `memory`, …: shown in statuses. */
  kind: string;
  /** What the server is called when the options name none. Must hold no secret. */
  name: string;
  /** The kind's default of `keepAlive`. Default false. */
  keepAlive?: boolean;
  /** The kind's default of `heartbeat.intervalMs`. Default: none. */
  heartbeatMs?: number;
  /** The kind's default of `connectTimeoutMs`. */
  connectTimeoutMs?: number;
  /** How long a person may take to sign in. Default 5 minutes. */
  authorizeTimeoutMs?: number;
  /** Another clock and other dice, for tests. */
  clock?: Clock;
  random?: () => number;
}

/** Ends what a transport kept alive once nobody can reach the transport any more. */
const forgotten = new FinalizationRegistry<() => void>((end) => end());

/**
 * The reusable handle of one server. It owns at most one live connection; sessions share it. Nothing is opened
 * before the first `connect` or `connectSession`. Subclasses say how a wire is opened, in one method.
 */
export abstract class ClientTransport implements TransportHandle {
  readonly #options: SharedOptions;
  readonly #identity: TransportIdentity;
  /** What the server would be called without a name of the user's: its command or address. */
  readonly #target: string;
  readonly #policy: ConnectionPolicy;
  readonly #subscribers: Subscribers;
  readonly #eraMemory: EraMemory;
  readonly #clock: Clock;
  #connection: Connection;
  #closing: Promise<void> | undefined;
  #closes = 0;

  constructor(options: SharedOptions, identity: TransportIdentity) {
    checkShared(options);
    this.#options = options;
    this.#identity = { ...identity, name: options.name ?? identity.name };
    this.#target = identity.name;
    this.#clock = identity.clock ?? systemClock;
    const { connectTimeoutMs } = identity;
    const defaults = connectTimeoutMs === undefined ? options : { connectTimeoutMs, ...options };
    const policy = policyOf(defaults, identity.keepAlive ?? false);
    const { authorizeTimeoutMs = policy.authorizeTimeoutMs } = identity;
    this.#policy = { ...policy, authorizeTimeoutMs };
    this.#eraMemory = new EraMemory(this.#clock);
    this.#subscribers = new Subscribers(options.logger);
    this.#connection = this.#begin(0);
    if (options.inspect) this.inspect(options.inspect);
  }

  /**
   * Opens one wire: an SDK `Transport` that is not started yet. Called once for each attempt; it must give up when
   * `attempt.signal` fires. What it throws is shown to the caller and tried again, unless it is a `HoldfastError`.
   */
  protected abstract openWire(attempt: AttemptContext): Promise<Wire> | Wire;

  /** What every wire of this transport shows to be let in; another one is got from it after a refusal. */
  protected get credential(): Credential | undefined {
    return undefined;
  }

  /** The deadline of a call that names none, where this transport has a word on it. */
  protected callTimeoutMs(_method: string, _name: string | undefined): number | undefined {
    return this.#options.callTimeoutMs;
  }

  /** Tells the subscribers something that the connection does not know. @internal */
  protected announce(event: Announcement): void {
    this.#connection.port.announce(event);
  }

  /** Tells those who inspect, if there is anybody. It does not hold the transport, so a wire may keep it. @internal */
  protected get observe(): (event: Observed) => void {
    const { inspectors } = this.#subscribers;
    const clock = this.#clock;
    return (event) => inspectors.hear(event, clock.now());
  }

  /** What `transport` shows to be let in, for a transport that stands in for it. @internal */
  protected static credentialOf(transport: ClientTransport): Credential | undefined {
    return transport.credential;
  }

  /** How `transport` opens a wire, for a transport that stands in for it. @internal */
  protected static openWireOf(transport: ClientTransport, attempt: AttemptContext): Promise<Wire> | Wire {
    return transport.openWire(attempt);
  }

  /** A transport with the same options and a connection of its own. */
  abstract fork(): ClientTransport;

  get name(): string {
    return this.#identity.name;
  }

  /** Who looks at a transport sees what it reaches and how that stands, and none of its options, which hold secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, kind, state, detail } = this.status;
    const target = this.#target === name ? {} : { target: this.#target };
    const shown = { name, kind, ...target, state: detail ? `${state}.${detail}` : state };
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  /** The connection as it is now; plain data. */
  get status(): ConnectionStatus {
    return this.#connection.status();
  }

  /**
   * Opens a session, and the connection if need be. Settles when the handshake is done.
   * @throws HoldfastError of the failed attempt (`SPAWN_FAILED`, `CONNECT_FAILED`, `CONNECT_TIMEOUT`, `AUTH_REQUIRED`),
   *   `SESSION_CONFLICT`, `TRANSPORT_CLOSED` when `close()` comes first, or the reason of `options.signal`
   */
  async connectSession(options: SessionOptions = {}): Promise<Session> {
    const release = keepAlive();
    const { signal } = options;
    let connection: Connection;
    let lease: Lease;
    let ready: Ready;
    try {
      connection = await this.#live(signal);
      lease = connection.participants.acquire(options);
      try {
        ready = await connection.waiting.whenReady(signal ?? NEVER);
        // Race: closed between the handshake's end and this line.
        if (connection.waiting.closedError) throw connection.waiting.closedError;
        // Race: the signal fired in the tick in which the connection was ready.
        signal?.throwIfAborted();
      } catch (error) {
        connection.participants.release(lease);
        throw error;
      }
    } catch (error) {
      release();
      throw error;
    }
    const session = new SessionView(
      {
        port: connection.port,
        connection: this,
        subscriptions: connection.participants.subscriptions,
        onEnd: (ended) => {
          stop();
          connection.participants.dismiss(ended, lease);
          release();
        },
      },
      options,
      options.clientInfo ?? OWN_INFO,
    );
    const stop = whenAborted(signal, (cause) =>
      session.end(new HoldfastError("SESSION_CLOSED", `${this.name}: the session's signal fired`, { cause })),
    );
    connection.participants.admit(session, ready);
    return session;
  }

  /** Opens a session for as long as `use` runs. */
  async withSession<T>(use: (session: Session) => Promise<T> | T, options?: SessionOptions): Promise<T> {
    const session = await this.connectSession(options);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  /** Connects, and holds the connection until `disconnect` or `close`, sessions or not. Errors as `connectSession`. */
  async connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    await keepAliveWhile(this.#connect(options.signal));
  }

  /** Lets the connection go. Calls reject with their outcome; sessions stay open, and their next call reconnects. */
  async disconnect(): Promise<void> {
    const connection = this.#connection;
    connection.disconnect();
    await keepAliveWhile(connection.waiting.until((state) => state !== "disconnecting"));
  }

  /** Ends the sessions and the connection for good. Idempotent; settles within `closeTimeoutMs`; leaves nothing. */
  close(): Promise<void> {
    this.#closes++;
    this.#closing ??= keepAliveWhile(this.#close()).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Skips the wait before the next attempt. Does nothing in any other state. */
  retryNow(): void {
    this.#connection.actor.send({ type: "retry.now" });
  }

  /** Called at once with the status as it is, then with each event. Returns the function that ends it. */
  subscribe(listener: StatusListener): () => void {
    const stop = this.#subscribers.add(listener);
    this.#subscribers.call(listener, this.status, { type: "current", at: this.#clock.now() });
    return stop;
  }

  /**
   * Called with each `InspectionEvent` of this connection: its transitions, requests, wires and lines on stderr. Nothing in
   * them is secret. Returns the function that ends it. An inspector (`holdfast/inspect`) does this for you.
   */
  inspect(observer: Inspect): () => void {
    return this.#subscribers.inspectors.add(observer, this.status, this.#clock.now());
  }

  /**
   * Waits for a state without asking for it.
   * @throws HoldfastError `TRANSPORT_CLOSED` once the transport is closed, with its cause; `CONNECT_TIMEOUT` after `timeoutMs`
   */
  async waitFor(state: ConnectionState, { timeoutMs, signal }: WaitOptions = {}): Promise<ConnectionStatus> {
    const connection = this.#connection;
    const ms = timeoutMs ?? Number.POSITIVE_INFINITY;
    const expired = () => this.#waitedTooLong(state, ms);
    await keepAliveWhile(
      withDeadline({ clock: this.#clock, ms, expired, signals: [signal] }, (over) =>
        connection.waiting.until((now) => now === state || now === "closed", over),
      ),
    );
    if (connection.actor.state !== state && connection.waiting.closedError)
      throw connection.waiting.closedError;
    return connection.status();
  }

  #waitedTooLong(state: string, timeoutMs: number): HoldfastError {
    const now = this.status;
    const message = `${this.name}: not ${state} within ${timeoutMs} ms; it is ${now.detail ?? now.state}`;
    return new HoldfastError("CONNECT_TIMEOUT", message, { server: this.name, timeoutMs });
  }

  async #close(): Promise<void> {
    const connection = this.#connection;
    connection.actor.send({ type: "close" });
    await connection.waiting.until((state) => state === "closed");
  }

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    const connection = await this.#live(signal);
    connection.actor.send({ type: "connect" });
    await connection.waiting.whenReady(signal ?? NEVER);
  }

  /** The connection to use, or the next one where the last was closed or has failed. */
  async #live(signal: AbortSignal | undefined): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.#closing) {
      throw new HoldfastError("TRANSPORT_CLOSED", `${this.name}: the transport is being closed`, {
        server: this.name,
      });
    }
    const last = this.#connection;
    if (last.waiting.closedError) {
      const closes = this.#closes;
      await last.waiting.until((state) => state === "closed", signal);
      // Race: close() was called while this waited for the last connection to be gone.
      if (closes !== this.#closes) throw last.waiting.closedError;
      if (this.#connection === last) this.#connection = this.#begin(last.actor.context.epoch);
    }
    return this.#connection;
  }

  #begin(epoch: number): Connection {
    // Nothing of the connection may hold the transport, or it could never be forgotten.
    const transport = new WeakRef(this);
    const { name, kind, random, heartbeatMs } = this.#identity;
    const { heartbeat } = this.#options;
    const connection = new Connection({
      name,
      kind,
      epoch,
      policy: this.#policy,
      era: this.#options.era ?? "auto",
      replay: this.#options.replay ?? "safe",
      heartbeatMs:
        heartbeat === false
          ? Number.POSITIVE_INFINITY
          : (heartbeat?.intervalMs ?? heartbeatMs ?? Number.POSITIVE_INFINITY),
      trustAnnotations: this.#options.trustAnnotations ?? true,
      maxQueued: this.#options.maxQueued ?? DEFAULTS.maxQueued,
      callTimeoutMs: (method, called) => transport.deref()?.callTimeoutMs(method, called),
      eraMemory: this.#eraMemory,
      clock: this.#clock,
      random: random ?? Math.random,
      subscribers: this.#subscribers,
      credential: () => transport.deref()?.credential,
      openWire: (attempt) => {
        const owner = transport.deref();
        if (!owner)
          throw new HoldfastError("TRANSPORT_CLOSED", `${name}: the transport was forgotten`, {
            server: name,
          });
        return owner.openWire(attempt);
      },
    });
    forgotten.unregister(this);
    forgotten.register(this, () => connection.actor.send({ type: "close" }), this);
    return connection;
  }
}

const NEVER = controllerForMany().signal;
