import {
  InMemoryTransport,
  type JSONRPCMessage,
  type MessageExtraInfo,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import { isHoldfastError, messageOf } from "../base/errors.js";
import { plainCopy } from "../base/plain-copy.js";
import { BaseWire } from "./base-wire.js";
import { Lost } from "./lost.js";

/** Connects a server to its end of a pair; what it returns is closed with the wire. */
export type Serve = (serverSide: InMemoryTransport) => Promise<() => unknown>;

/** The client's end of a linked pair, with the server on the other one. */
export class MemoryWire extends BaseWire {
  readonly listening = "open";
  #serving: Promise<(() => unknown) | undefined> | undefined;
  #client: InMemoryTransport | undefined;

  constructor(private readonly serve: Serve) {
    super();
  }

  async start(): Promise<void> {
    const [client, server] = InMemoryTransport.createLinkedPair();
    this.#client = client;
    client.onmessage = (message, extra) => this.deliver(this.handed(message), extra);
    client.onerror = (error) => this.onerror?.(error);
    client.onclose = () =>
      this.finish({ code: "CONNECTION_LOST", message: "the server closed the connection" });
    // Not awaited: a server may want to hear from its client before it is done connecting.
    this.#serving = this.#serve(server);
    await client.start();
  }

  async #serve(side: InMemoryTransport): Promise<(() => unknown) | undefined> {
    try {
      return await this.serve(side);
    } catch (error) {
      const message = `the server did not start: ${messageOf(error)}`;
      this.finish({ code: "CONNECT_FAILED", message, error, fatal: isHoldfastError(error) });
      return undefined;
    }
  }

  /** What one side hands to the other: what either does with it afterwards is not to be seen by the other one. */
  protected handed(message: JSONRPCMessage): JSONRPCMessage {
    return plainCopy(message);
  }

  /** A message of the server, for the client. */
  protected deliver(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    this.onmessage?.(message, extra);
  }

  send(message: JSONRPCMessage, _options?: TransportSendOptions): Promise<void> {
    if (this.#client && !this.ended) return this.#client.send(this.handed(message));
    return Promise.reject(
      new Lost("not-sent", this.failure ?? { code: "CONNECTION_LOST", message: "the server is gone" }),
    );
  }

  async close(): Promise<void> {
    this.finish();
    await this.#client?.close();
    // Also when it was closed while the server was being made: it must not outlive that.
    const stop = await this.#serving;
    await stop?.();
  }
}
