import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import type { ServedTrace } from "../contract/trace.js";
import { answerIn, carrying, type FollowedClients } from "./followed-clients.js";

type Id = string | number;

/** A client with a session of its own, and what it asks. */
export class FollowedClient {
  readonly #running = new Map<Id, ServedTrace>();
  #since: number | undefined;
  #handshake: Id | undefined;
  #protocolVersion: string | undefined;

  constructor(
    private readonly clients: FollowedClients,
    private readonly sessionId: () => string | undefined = () => undefined,
  ) {}

  /** Its message as it goes on. */
  heard(message: JSONRPCMessage): JSONRPCMessage {
    if (!("method" in message)) return message;
    if (!("id" in message)) {
      if (message.method === "notifications/cancelled") this.#cancelled(message.params?.["requestId"]);
      return message;
    }
    this.#since ??= performance.now();
    if (message.method === "initialize") this.#handshake = message.id;
    const client = { sessionId: this.sessionId(), protocolVersion: this.#protocolVersion };
    const trace = this.clients.begin(message, client);
    if (!trace) return message;
    this.#running.get(message.id)?.ended({ gone: true });
    this.#running.set(message.id, trace);
    return carrying(message, trace);
  }

  /** It is sent a message. */
  told(message: JSONRPCMessage): void {
    if ("method" in message || message.id === undefined) return;
    const { id } = message;
    if (id === this.#handshake) this.#shaken(message);
    this.#running.get(id)?.ended(answerIn(message));
    this.#running.delete(id);
  }

  gone(): void {
    for (const trace of this.#running.values()) trace.ended({ gone: true });
    this.#running.clear();
    if (this.#since !== undefined) this.clients.ended(this.#since, this.#protocolVersion);
    this.#since = undefined;
  }

  #shaken(answer: JSONRPCMessage): void {
    this.#handshake = undefined;
    const { protocolVersion } = fieldsOf(fieldsOf(answer)["result"]);
    if (typeof protocolVersion === "string") this.#protocolVersion = protocolVersion;
  }

  #cancelled(id: unknown): void {
    this.#running.get(id as Id)?.ended({ gone: true });
    this.#running.delete(id as Id);
  }
}
