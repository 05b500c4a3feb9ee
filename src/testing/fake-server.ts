import type {
  InMemoryTransport,
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { SharedOptions } from "../contract/options.js";
import type { Wire } from "../contract/wire.js";
import { ClientTransport } from "../transports/transport.js";
import { MemoryWire } from "../wires/memory.js";
import { said } from "./said.js";

/** Answers a request; what it throws becomes an error answer, with its `code` where it has one, and a promise that never settles is a server that hangs. */
export type FakeHandler = (
  params: Record<string, unknown>,
  request: { id: RequestId; connection: number },
) => unknown;

const VERSION = "2025-11-25";

/**
 * A server of the legacy era that does what a test says, message by message, without an SDK in between. It answers
 * `initialize`, `ping` and `tools/list`; everything else is what `on` says, or "Method not found".
 */
export class FakeServer {
  /** Every message of every client, in order. */
  readonly received: JSONRPCMessage[] = [];
  /** How many connections there were. */
  connections = 0;
  readonly #handlers = new Map<string, FakeHandler>();
  readonly #open = new Set<InMemoryTransport>();

  constructor(readonly tools: readonly { name: string; annotations?: object }[] = []) {
    this.on("initialize", () => ({
      protocolVersion: VERSION,
      capabilities: { tools: { listChanged: true }, logging: {} },
      serverInfo: { name: "fake", version: "1" },
    }));
    this.on("ping", () => ({}));
    this.on("tools/list", () => ({
      tools: this.tools.map((tool) => ({ inputSchema: { type: "object" }, ...tool })),
    }));
  }

  /** What is answered to a method; the last one counts. */
  on(method: string, handler: FakeHandler): this {
    this.#handlers.set(method, handler);
    return this;
  }

  /** Tells every client that is connected. */
  notify(method: string, params: object = {}): void {
    this.say({ jsonrpc: "2.0", method, params: { ...params } });
  }

  /** Sends any message to every client, a wrong one too. */
  say(message: object): void {
    for (const side of this.#open) void side.send(said(message));
  }

  /** Ends every connection, as a crash would. */
  async drop(): Promise<void> {
    await Promise.all([...this.#open].map((side) => side.close()));
  }

  /** A transport that reaches it; each attempt is a connection of its own. */
  transport(options: SharedOptions = {}): FakeTransport {
    return new FakeTransport(this, options);
  }

  /** Serves one end of a pair; returns what ends it. */
  async serve(side: InMemoryTransport): Promise<() => Promise<void>> {
    const connection = ++this.connections;
    this.#open.add(side);
    side.onclose = () => this.#open.delete(side);
    side.onmessage = (message) => {
      this.received.push(message);
      if ("method" in message && "id" in message) void this.#answer(side, message, connection);
    };
    await side.start();
    return () => side.close();
  }

  async #answer(
    side: InMemoryTransport,
    { id, method, params = {} }: JSONRPCRequest,
    connection: number,
  ): Promise<void> {
    const handler = this.#handlers.get(method);
    let answer: object = { error: { code: -32601, message: "Method not found" } };
    try {
      if (handler) answer = { result: await handler(params, { id, connection }) };
    } catch (error) {
      const { code = -32603 } = fieldsOf(error);
      answer = { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
    if (this.#open.has(side)) await side.send(said({ jsonrpc: "2.0", id, ...answer }));
  }
}

/** Reaches a `FakeServer`. */
export class FakeTransport extends ClientTransport {
  constructor(
    readonly server: FakeServer,
    private readonly options: SharedOptions = {},
  ) {
    super({ era: "legacy", ...options }, { kind: "fake", name: "fake" });
  }

  protected override openWire(): Wire {
    return new MemoryWire((side) => this.server.serve(side));
  }

  override fork(): FakeTransport {
    return new FakeTransport(this.server, this.options);
  }
}
