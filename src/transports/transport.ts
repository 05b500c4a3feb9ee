import { type InspectOptions, inspect } from "node:util";
import { NEVER } from "../base/abort.js";
import { HoldfastError } from "../base/errors.js";
import { keepAliveWhile } from "../base/keep-alive.js";
import { withDeadline } from "../base/wait.js";
import { Connection } from "../connection/connection.js";
import { EraMemory } from "../connection/era.js";
import { Subscribers } from "../connection/subscribers.js";
import { checkShared } from "../contract/check-options.js";
import type { ServerDoor } from "../contract/door.js";
import type { Inspect } from "../contract/inspection.js";
import { DEFAULTS, policyOf, type SharedOptions } from "../contract/options.js";
import type { Session, SessionOptions, TransportHandle, WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus, StatusListener } from "../contract/status.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { asServer } from "../gateway/as-server.js";
import { type Clock, systemClock } from "../machines/clock.js";
import { INTERNALS, type Internals } from "./internals.js";
import { Lives } from "./lives.js";
import { openSession } from "./open-session.js";
import type { TransportIdentity } from "./opener.js";

/** Ends what a transport kept alive once nobody can reach the transport any more. */
const forgotten = new FinalizationRegistry<() => void>((end) => end());

/**
 * The reusable handle of one server. It owns at most one live connection; sessions share it. Nothing is opened
 * before the first `connect` or `connectSession`. Subclasses say how a wire is opened, in one method.
 */
export abstract class ClientTransport implements TransportHandle {
  readonly #options: SharedOptions;
  readonly #identity: TransportIdentity;
  readonly #subscribers: Subscribers;
  readonly #eraMemory: EraMemory;
  readonly #clock: Clock;
  readonly #lives: Lives;
  /** @internal */
  readonly [INTERNALS]: Internals;

  constructor(options: SharedOptions, identity: TransportIdentity) {
    checkShared(options);
    this.#options = settled(options, identity);
    this.#identity = identity;
    this.#clock = identity.clock ?? systemClock;
    this.#eraMemory = new EraMemory(this.#clock);
    this.#subscribers = new Subscribers(options.logger);
    this[INTERNALS] = this.#internals();
    this.#lives = new Lives(this.name, (epoch) => this.#begin(epoch));
    if (options.inspect) this.inspect(options.inspect);
  }

  /**
   * Opens one wire: an SDK `Transport` that is not started yet. Called once for each attempt; it must give up when
   * `attempt.signal` fires. What it throws is shown to the caller and tried again, unless it is a `HoldfastError`.
   */
  protected abstract openWire(attempt: AttemptContext): Promise<Wire> | Wire;

  /** A transport with the same options and a connection of its own. */
  abstract fork(): ClientTransport;

  get name(): string {
    return this.#options.name ?? this.#identity.name;
  }

  /** Who looks at a transport sees what it reaches and how that stands, and none of its options, which hold secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, kind, state, detail } = this.status;
    const { name: target } = this.#identity;
    const shown = {
      name,
      kind,
      ...(target !== name && { target }),
      state: detail ? `${state}.${detail}` : state,
    };
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  /** The connection as it is now; plain data. */
  get status(): ConnectionStatus {
    return this.#lives.current.status();
  }

  /**
   * Opens a session, and the connection if need be. Settles when the handshake is done.
   * @throws HoldfastError of the failed attempt (`SPAWN_FAILED`, `CONNECT_FAILED`, `CONNECT_TIMEOUT`, `AUTH_REQUIRED`),
   *   `SESSION_CONFLICT`, `TRANSPORT_CLOSED` when `close()` comes first, or the reason of `options.signal`
   */
  connectSession(options: SessionOptions = {}): Promise<Session> {
    return openSession(this, () => this.#lives.live(options.signal), options);
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
    const connection = this.#lives.current;
    connection.disconnect();
    await keepAliveWhile(connection.waiting.until((state) => state !== "disconnecting"));
  }

  /** Ends the sessions and the connection for good. Idempotent; settles within `closeTimeoutMs`; leaves nothing. */
  close(): Promise<void> {
    return this.#lives.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** This transport as a server, for hosts that take an instance of one: one client for each `connect`. */
  asServer(): ServerDoor {
    return asServer(this);
  }

  /** Skips the wait before the next attempt. Does nothing in any other state. */
  retryNow(): void {
    this.#lives.current.actor.send({ type: "retry.now" });
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
    const connection = this.#lives.current;
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

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    const connection = await this.#lives.live(signal);
    connection.actor.send({ type: "connect" });
    await connection.waiting.whenReady(signal ?? NEVER, false);
  }

  #internals(): Internals {
    const { callTimeoutMs } = this.#options;
    const { credential } = this.#identity;
    return {
      open: (attempt) => this.openWire(attempt),
      credential: () => credential,
      callTimeoutMs: () => callTimeoutMs,
      announce: (event) => this.#lives.current.port.announce(event),
      observe: hearing(this.#subscribers, this.#clock),
    };
  }

  #begin(epoch: number): Connection {
    // Nothing of the connection may hold the transport, or it could never be forgotten.
    const transport = new WeakRef(this);
    const { name } = this;
    const { kind, random, defaults } = this.#identity;
    const { cache, era, replay, heartbeat, trustAnnotations, maxQueued } = this.#options;
    const policy = policyOf(this.#options);
    const connection = new Connection({
      name,
      kind,
      epoch,
      policy: {
        ...policy,
        authorizeTimeoutMs: defaults?.authorizeTimeoutMs ?? policy.authorizeTimeoutMs,
      },
      era: era ?? "auto",
      replay: replay ?? "safe",
      heartbeatMs: heartbeat ? (heartbeat.intervalMs ?? DEFAULTS.heartbeatMs) : Number.POSITIVE_INFINITY,
      cache,
      trustAnnotations: trustAnnotations ?? true,
      maxQueued: maxQueued ?? DEFAULTS.maxQueued,
      callTimeoutMs: (method, called) => transport.deref()?.[INTERNALS].callTimeoutMs(method, called),
      eraMemory: this.#eraMemory,
      clock: this.#clock,
      random: random ?? Math.random,
      subscribers: this.#subscribers,
      credential: () => transport.deref()?.[INTERNALS].credential(),
      openWire: (attempt) => {
        const owner = transport.deref();
        if (owner) return owner[INTERNALS].open(attempt);
        const message = `${name}: the transport was forgotten`;
        throw new HoldfastError("TRANSPORT_CLOSED", message, { server: name });
      },
    });
    forgotten.unregister(this);
    forgotten.register(this, () => connection.actor.send({ type: "close" }), this);
    return connection;
  }
}

/** A function of its own: one that is made beside a use of `this` holds the transport, too. */
function hearing({ inspectors }: Subscribers, clock: Clock): Internals["observe"] {
  return (event) => inspectors.hear(event, clock.now());
}

/** The options as they count: what a kind fixes, then what was given, then its defaults. */
function settled(given: SharedOptions, { defaults, fixed }: TransportIdentity): SharedOptions {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { authorizeTimeoutMs: _, ...rest } = defaults ?? {};
  return { ...rest, ...said, ...fixed };
}
