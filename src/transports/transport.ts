import { type InspectOptions, inspect } from "node:util";
import { keepAliveWhile } from "../base/keep-alive.js";
import { withoutSecrets } from "../base/shown.js";
import type { ServerDoor } from "../contract/door.js";
import { type Explanation, explain } from "../contract/explain.js";
import type { Inspect } from "../contract/inspection.js";
import type { SharedOptions } from "../contract/options.js";
import type { Session, SessionOptions, TransportHandle, WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus, StatusListener } from "../contract/status.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { asServer } from "../gateway/as-server.js";
import { type ConnectionParts, connectionsOf, partsOf } from "./connections.js";
import { type CredentialOf, INTERNALS, type Internals, ON_BEHALF } from "./internals.js";
import { Lives } from "./lives.js";
import { openSession } from "./open-session.js";
import type { TransportIdentity } from "./opener.js";

/**
 * The reusable handle of one server. It owns at most one live connection; sessions share it. Nothing is opened
 * before the first `connect` or `connectSession`. Subclasses say how a wire is opened, in one method.
 */
export abstract class ClientTransport implements TransportHandle {
  readonly #parts: ConnectionParts;
  readonly #lives: Lives;
  /** @internal */
  readonly [INTERNALS]: Internals;

  constructor(options: SharedOptions, identity: TransportIdentity) {
    this.#parts = partsOf(options, identity);
    this[INTERNALS] = this.#internals();
    this.#lives = new Lives(this.name, this.#parts.clock, connectionsOf(this, this.#parts));
    this.#lives.endWith(this);
    if (options.inspect) this.inspect(options.inspect);
    this.#parts.recorder?.follow(this);
  }

  /**
   * Opens one wire: an SDK `Transport` that is not started yet. Called once for each attempt; it must give up when
   * `attempt.signal` fires. What it throws is shown to the caller and tried again, unless it is a `HoldfastError`.
   */
  protected abstract openWire(attempt: AttemptContext): Promise<Wire> | Wire;

  /** A transport with the same options and a connection of its own. */
  abstract fork(): ClientTransport;

  /** @internal */
  [ON_BEHALF](_credentialOf: CredentialOf): ClientTransport {
    return this.fork();
  }

  get name(): string {
    const { options, identity } = this.#parts;
    return options.name ?? identity.name;
  }

  /** Who looks at a transport sees what it reaches and how that stands, and none of its options, which hold secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, kind, state, detail } = this.status;
    const { name: target } = this.#parts.identity;
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

  /** How the server is, in one word, and what can be done about it. */
  explain(): Explanation {
    return explain(this.status, this.#parts.clock.now());
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
    await keepAliveWhile(this.#lives.connect(options.signal));
  }

  /** Lets the connection go. Calls reject with their outcome; sessions stay open, and their next call reconnects. */
  async disconnect(): Promise<void> {
    await keepAliveWhile(this.#lives.disconnect());
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
    const { subscribers, clock } = this.#parts;
    const stop = subscribers.add(listener);
    subscribers.call(listener, this.status, { type: "current", at: clock.now() });
    return stop;
  }

  /**
   * Called with each `InspectionEvent` of this connection: its transitions, requests, wires and lines on stderr. Nothing in
   * them is secret. Returns the function that ends it. An inspector (`holdfast/inspect`) does this for you.
   */
  inspect(observer: Inspect): () => void {
    return this.#inspect(observer, true);
  }

  #inspect(observer: Inspect, calls: boolean): () => void {
    const { subscribers, clock } = this.#parts;
    return subscribers.inspectors.add(observer, this.status, clock.now(), calls);
  }

  /**
   * Waits for a state without asking for it.
   * @throws HoldfastError `TRANSPORT_CLOSED` once the transport is closed, with its cause; `CONNECT_TIMEOUT` after `timeoutMs`
   */
  async waitFor(state: ConnectionState, options: WaitOptions = {}): Promise<ConnectionStatus> {
    return keepAliveWhile(this.#lives.waitFor(state, options));
  }

  #internals(): Internals {
    const { callTimeoutMs } = this.#parts.options;
    const { credential } = this.#parts.identity;
    return {
      open: (attempt) => {
        const { recorder } = this.#parts;
        if (!recorder) return this.openWire(attempt);
        return recorder.open(attempt, (context) => this.openWire(context));
      },
      credential: () => credential,
      callTimeoutMs: () => callTimeoutMs,
      expect: (expected) => this.#lives.expect(expected),
      withoutSecrets: (data) => withoutSecrets(this.#parts.secrets, data),
      holdsSecret: (data) => withoutSecrets(this.#parts.secrets, data) !== data,
      announce: (event) => this.#lives.current.port.announce(event),
      inspectConnection: (observer) => this.#inspect(observer, false),
      ...tracing(this.#parts),
      ...forking(),
      observe: hearing(this.#parts),
    };
  }
}

/** As for `hearing`. */
const tracing = ({ subscribers: { tracers } }: ConnectionParts): Pick<Internals, "trace" | "tracer"> => ({
  trace: (tracer) => tracers.add(tracer),
  tracer: () => tracers.current,
});

function forking(): Pick<Internals, "forked" | "followForks"> {
  const all = new Set<(fork: TransportHandle) => void>();
  return {
    forked(fork) {
      for (const heard of all) heard(fork);
      return fork;
    },
    followForks(heard) {
      all.add(heard);
      return () => all.delete(heard);
    },
  };
}

/** A function of its own: one that is made beside a use of `this` holds the transport, too. */
function hearing({ subscribers, clock }: ConnectionParts): Internals["observe"] {
  return (event) => subscribers.inspectors.hear(event, clock.now());
}
