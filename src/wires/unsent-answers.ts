import type { JSONRPCMessage, Transport, TransportSendOptions } from "@modelcontextprotocol/client";
import { Breaches } from "../base/breaches.js";
import { DEFAULTS } from "../contract/options.js";
import type { InboundHooks } from "./inbound.js";

/** The answers to what a server asks, pings too. One that asks without end and reads nothing must not fill the program. */
export class UnsentAnswers {
  #unsent = 0;
  readonly #breaches: Breaches;

  constructor(
    private readonly wire: Pick<Transport, "send">,
    private readonly hooks: Pick<InboundHooks, "limits" | "onWarning">,
  ) {
    this.#breaches = new Breaches((message) => hooks.onWarning?.(message));
  }

  /** Settles when the wire has taken the answer, and at once where it is left out. */
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const most = this.hooks.limits?.maxUnsentAnswers ?? DEFAULTS.maxUnsentAnswers;
    if (this.#unsent >= most) {
      this.#breaches.note(
        `an answer to the server was left out: ${most.toLocaleString("en")} others wait for it to read them (maxUnsentAnswers)`,
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
