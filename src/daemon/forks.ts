import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { INTERNAL_ERROR } from "../contract/protocol.js";
import { introductionIn } from "../gateway/downstream.js";
import { askable } from "../gateway/relayed-session.js";

/** Each of these clients may have a process of its own of every legacy server. */
const MAX_ASKED = 32;

/** The clients that can be asked: in front of legacy servers each has connections of its own, so there may not be too many. */
export class Forks {
  readonly #asked = new Set<object>();

  constructor(private readonly max = MAX_ASKED) {}

  has(client: object): boolean {
    return this.#asked.has(client);
  }

  /** The answer to the handshake of one too many. */
  admit(client: object, message: JSONRPCMessage): JSONRPCMessage | undefined {
    const introduction = introductionIn(message);
    if (!introduction || this.#asked.has(client)) return undefined;
    if (Object.keys(askable(introduction.capabilities)).length === 0) return undefined;
    if (this.#asked.size < this.max) {
      this.#asked.add(client);
      return undefined;
    }
    const text = `${this.max} clients that can be asked have servers of their own already: end one of them, or a client that declares no sampling, elicitation and roots shares`;
    return { jsonrpc: "2.0", id: introduction.id!, error: { code: INTERNAL_ERROR, message: text } };
  }

  end(client: object): void {
    this.#asked.delete(client);
  }
}
