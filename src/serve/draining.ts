import type { JSONRPCMessage, MessageExtraInfo } from "@modelcontextprotocol/server";
import type { SdkTransport } from "../contract/door.js";
import { SERVER_ERROR, STANDING } from "../contract/protocol.js";
import type { FollowedClient } from "./followed-client.js";

type Id = string | number;

/** A client's transport that can be brought to its end without losing an answer: what runs is answered, nothing more begins. */
export class Draining implements SdkTransport {
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Settles with the end of the transport, whoever ended it. */
  readonly closed: Promise<void>;
  #ended: () => void = () => {};
  readonly #running = new Set<Id>();
  #drained: (() => void) | undefined;

  /** `followed` hears what the client asks, and `onquiet` when the last request that runs was answered. */
  constructor(
    private readonly transport: SdkTransport,
    private readonly followed: FollowedClient,
    private readonly onquiet: () => void = () => {},
  ) {
    this.closed = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  start(): Promise<void> {
    const { transport } = this;
    transport.onmessage = (message: JSONRPCMessage, extra?: MessageExtraInfo) => {
      if (this.#admits(message)) this.onmessage?.(this.followed.heard(message), extra);
    };
    transport.onclose = () => {
      this.#running.clear();
      this.#settle();
      this.followed.gone();
      this.onclose?.();
      this.#ended();
    };
    transport.onerror = (error) => this.onerror?.(error);
    return transport.start();
  }

  async send(message: JSONRPCMessage, options?: unknown): Promise<void> {
    this.followed.told(message);
    try {
      await this.transport.send(message, options);
    } finally {
      if (!("method" in message) && message.id !== undefined) this.#over(message.id);
    }
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** Settles when the last request that runs was answered; those that come from now on are refused. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#settle();
    });
  }

  #admits(message: JSONRPCMessage): boolean {
    if (!("method" in message)) return true;
    if (message.method === "notifications/cancelled") this.#over(message.params?.["requestId"] as Id);
    if (!("id" in message)) return true;
    if (this.#drained) {
      const error = { code: SERVER_ERROR, message: "holdfast serve is ending; nothing was done" };
      void this.transport.send({ jsonrpc: "2.0", id: message.id, error }).catch(() => {});
      return false;
    }
    if (message.method !== STANDING) this.#running.add(message.id);
    return true;
  }

  #over(id: Id): void {
    this.#running.delete(id);
    this.#settle();
  }

  #settle(): void {
    if (this.#running.size > 0) return;
    this.onquiet();
    this.#drained?.();
  }
}
