import { NEVER } from "../base/abort.js";
import { HoldfastError } from "../base/errors.js";
import { keepAliveWhile } from "../base/keep-alive.js";
import { withDeadline } from "../base/wait.js";
import type { Connection } from "../connection/connection.js";
import type { Expected } from "../connection/server-lists.js";
import type { WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";

/** The connection of a transport, while it is not at rest. Functions of the user's, which it knows, may hold the transport. */
interface Unrest {
  of: Connection["unrest"];
}

/** Ends what a transport kept alive once nobody can reach the transport any more. */
const forgotten = new FinalizationRegistry<Unrest>(({ of }) => of.actor?.send({ type: "close" }));

/** The connections of one transport, one after another: what was closed, or has failed for good, is followed by the next. */
export class Lives {
  #current: Connection;
  readonly #unrest: Unrest;
  #closing: Promise<void> | undefined;
  #closes = 0;
  #expected: Expected | undefined;

  constructor(
    private readonly server: string,
    private readonly clock: Clock,
    /** Makes the next one. `epoch`: the number that its first attempt follows. */
    private readonly begin: (epoch: number) => Connection,
  ) {
    this.#current = begin(0);
    this.#unrest = { of: this.#current.unrest };
  }

  get current(): Connection {
    return this.#current;
  }

  /** What is known of the server, for each connection that did not reach it yet. */
  expect(expected: Expected): void {
    this.#expected = expected;
    this.#current.expect(expected);
  }

  /** The connection to use, or the next one where the last was closed or has failed. */
  async live(signal: AbortSignal | undefined): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.#closing) {
      const { server } = this;
      throw new HoldfastError("TRANSPORT_CLOSED", `${server}: the transport is being closed`, { server });
    }
    const last = this.#current;
    if (last.waiting.closedError) {
      const closes = this.#closes;
      await last.waiting.until((state) => state === "closed", signal);
      // Race: close() was called while this waited for the last connection to be gone.
      if (closes !== this.#closes) throw last.waiting.closedError;
      if (this.#current === last) {
        this.#current = this.begin(last.actor.context.epoch);
        this.#unrest.of = this.#current.unrest;
        if (this.#expected) this.#current.expect(this.#expected);
      }
    }
    return this.#current;
  }

  /** Ends the connection once nobody can reach its transport any more. */
  endWith(transport: object): void {
    forgotten.register(transport, this.#unrest);
  }

  /** Connects, and holds the connection, sessions or not. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    const connection = await this.live(signal);
    connection.actor.send({ type: "connect" });
    await connection.waiting.whenReady(signal ?? NEVER);
  }

  /** Lets the connection go. */
  async disconnect(): Promise<void> {
    const connection = this.#current;
    connection.disconnect();
    await connection.waiting.until((state) => state !== "disconnecting");
  }

  /** Waits for a state without asking for it. */
  async waitFor(state: ConnectionState, { timeoutMs, signal }: WaitOptions): Promise<ConnectionStatus> {
    const connection = this.#current;
    const { waiting, actor } = connection;
    const ms = timeoutMs ?? Number.POSITIVE_INFINITY;
    const expired = () => this.#waitedTooLong(state, ms);
    await withDeadline({ clock: this.clock, ms, expired, signals: [signal] }, (over) =>
      waiting.until((now) => now === state || now === "closed", over),
    );
    if (actor.state !== state && waiting.closedError) throw waiting.closedError;
    return connection.status();
  }

  #waitedTooLong(state: string, timeoutMs: number): HoldfastError {
    const { server } = this;
    const now = this.#current.status();
    const message = `${server}: not ${state} within ${timeoutMs} ms; it is ${now.detail ?? now.state}`;
    return new HoldfastError("CONNECT_TIMEOUT", message, { server, timeoutMs });
  }

  /** Ends the connection for good; those who ask meanwhile share one end. */
  close(): Promise<void> {
    this.#closes++;
    this.#closing ??= keepAliveWhile(this.#close()).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    const connection = this.#current;
    connection.actor.send({ type: "close" });
    await connection.waiting.until((state) => state === "closed");
  }
}
