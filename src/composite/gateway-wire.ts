import type { JSONRPCMessage, MessageExtraInfo, TransportSendOptions } from "@modelcontextprotocol/client";
import type { ReplayMode } from "../contract/options.js";
import { CALL, type CallTag, type TagDeadline } from "../wires/call-tag.js";
import { MemoryWire, type Serve } from "../wires/memory.js";

/** What a front may know of a request besides its message. */
export interface Note {
  deadline: TagDeadline;
  signal: AbortSignal | undefined;
  ended: AbortSignal;
  replay: ReplayMode | undefined;
}

/** The client's end in front of a composite: what it asks for is noted, so that the front can act on it. */
export class GatewayWire extends MemoryWire {
  readonly #notes = new Map<string | number, Note>();
  /** The resources that each open listen stream of a modern client is about. */
  readonly #listens = new Map<string | number, readonly string[]>();

  constructor(
    serve: Serve,
    private readonly onListen: (added: readonly string[], dropped: readonly string[]) => void,
  ) {
    super(serve);
  }

  noteOf(id: string | number): Note | undefined {
    return this.#notes.get(id);
  }

  override send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if ("method" in message) {
      if ("id" in message) this.#request(message.id, message, options);
      else if (message.method === "notifications/cancelled")
        this.#over(message.params?.["requestId"] as string);
    }
    return super.send(message);
  }

  protected override deliver(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    if (!("method" in message) && message.id !== undefined) this.#over(message.id);
    super.deliver(message, extra);
  }

  #request(
    id: string | number,
    { method, params }: { method: string; params?: object | undefined },
    options?: TransportSendOptions,
  ) {
    const call = (options?.headers as { [CALL]?: CallTag } | undefined)?.[CALL];
    if (call) this.#notes.set(id, call);
    if (method !== "subscriptions/listen") return;
    const before = this.#listened();
    const { notifications } = params as { notifications?: { resourceSubscriptions?: string[] } };
    this.#listens.set(id, notifications?.resourceSubscriptions ?? []);
    this.#announce(before);
  }

  #over(id: string | number): void {
    this.#notes.delete(id);
    if (!this.#listens.has(id)) return;
    const before = this.#listened();
    this.#listens.delete(id);
    this.#announce(before);
  }

  #listened(): Set<string> {
    return new Set([...this.#listens.values()].flat());
  }

  #announce(before: Set<string>): void {
    const now = this.#listened();
    const added = [...now].filter((uri) => !before.has(uri));
    const dropped = [...before].filter((uri) => !now.has(uri));
    if (added.length + dropped.length > 0) this.onListen(added, dropped);
  }
}
