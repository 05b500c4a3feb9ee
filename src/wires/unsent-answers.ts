import type { JSONRPCMessage, Transport, TransportSendOptions } from "@modelcontextprotocol/client";
import { Breaches } from "../base/breaches.js";

/** So many answers may be on their way to a server that does not take them. */
const MAX_UNSENT = 1_000;

/** The answers to what a server asks, pings too. One that asks without end and reads nothing must not fill the program. */
export class UnsentAnswers {
  #unsent = 0;
  readonly #breaches: Breaches;

  constructor(
    private readonly wire: Pick<Transport, "send">,
    warn: (message: string) => void,
  ) {
    this.#breaches = new Breaches(warn);
  }

  /** Settles when the wire has taken the answer, and at once where it is left out. */
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.#unsent >= MAX_UNSENT) {
      this.#breaches.note(
        `an answer to the server was left out: ${MAX_UNSENT.toLocaleString("en")} others wait for it to read them`,
      );
      return;
    }
    this.#unsent++;
    try {
      await this.wire.send(message, options);
    } finally {
      this.#unsent--;
    }
  }
}
