import { HoldfastError } from "../base/errors.js";
import { keepAliveWhile } from "../base/keep-alive.js";
import type { Connection } from "../connection/connection.js";

/** The connections of one transport, one after another: what was closed, or has failed for good, is followed by the next. */
export class Lives {
  #current: Connection;
  #closing: Promise<void> | undefined;
  #closes = 0;

  constructor(
    private readonly server: string,
    /** `epoch`: the number that the first attempt follows. */
    private readonly begin: (epoch: number) => Connection,
  ) {
    this.#current = begin(0);
  }

  get current(): Connection {
    return this.#current;
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
      if (this.#current === last) this.#current = this.begin(last.actor.context.epoch);
    }
    return this.#current;
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
