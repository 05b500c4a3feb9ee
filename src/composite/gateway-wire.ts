import type { JSONRPCMessage, MessageExtraInfo, TransportSendOptions } from "@modelcontextprotocol/client";
import type { CallContext } from "../contract/call-context.js";
import { Listened } from "../gateway/listened.js";
import { type Straight, StraightCalls } from "../gateway/straight-calls.js";
import { type CallTag, callIn, carriedBy } from "../wires/call-tag.js";
import { MemoryWire, type Serve } from "../wires/memory.js";

/** The end of a client of ours in front of a gateway: what it knows of its requests is noted, so that the gateway can act on it. */
export class GatewayWire extends MemoryWire {
  readonly relays = true;
  readonly #contexts = new Map<string | number, CallTag>();
  /** The request of the client in which the gateway said something. */
  readonly #related = new WeakMap<JSONRPCMessage, string | number>();
  readonly #listened: Listened;
  readonly #straight: StraightCalls;

  constructor(
    serve: Serve,
    straight: Straight,
    onListen: (added: readonly string[], dropped: readonly string[]) => void,
  ) {
    super((side) => {
      const send = side.send.bind(side);
      side.send = (message, sent = {}) => {
        if (sent.relatedRequestId !== undefined) this.#related.set(message, sent.relatedRequestId);
        return send(message, sent);
      };
      return serve(side);
    });
    this.#listened = new Listened(onListen);
    this.#straight = new StraightCalls(straight, (message, related) => {
      if ("method" in message) this.#related.set(message, related);
      this.deliver(message);
    });
  }

  override close(): Promise<void> {
    this.#straight.end();
    return super.close();
  }

  contextOf(id: string | number): CallContext | undefined {
    return this.#contexts.get(id);
  }

  override send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if ("method" in message) {
      if ("id" in message) {
        this.#request(message.id, message, options);
        if (!this.ended && this.#straight.take(message)) return Promise.resolve();
      } else if (message.method === "notifications/cancelled") {
        const id = message.params?.["requestId"];
        this.#over(id);
        if (this.#straight.cancel(id, message.params?.["reason"])) return Promise.resolve();
      }
    }
    return super.send(message);
  }

  /** Both sides are ours, and what comes from a server was copied or parsed on the way. */
  protected override handed(message: JSONRPCMessage): JSONRPCMessage {
    return message;
  }

  protected override deliver(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    if (!("method" in message)) this.#over(message.id);
    const related = this.#related.get(message);
    const call = related === undefined ? undefined : this.#contexts.get(related);
    super.deliver(message, call ? { ...extra, ...carriedBy(call) } : extra);
  }

  #request(
    id: string | number,
    { method, params }: { method: string; params?: object | undefined },
    options?: TransportSendOptions,
  ) {
    const call = callIn(options);
    if (call) this.#contexts.set(id, call);
    if (method !== "subscriptions/listen") return;
    const { notifications } = params as { notifications?: { resourceSubscriptions?: string[] } };
    this.#listened.begin(id, notifications?.resourceSubscriptions ?? []);
  }

  #over(id: unknown): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    this.#contexts.delete(id);
    this.#listened.end(id);
  }
}
