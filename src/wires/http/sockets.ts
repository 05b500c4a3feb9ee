import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent, proxyFor, Traffic, takesConnections } from "../agent.js";
import { pool } from "./pooled-client.js";

export interface SocketsOptions extends AgentOptions {
  url: URL;
}

/** The sockets of one connection. They end with it, and none of them keeps a program alive. */
export class Sockets {
  readonly #traffic = new Traffic();
  #agent: Dispatcher;
  /** Those that were replaced, for as long as something goes over them. */
  readonly #old = new Set<Dispatcher>();
  #probes: Dispatcher | undefined;
  #destroyed = false;
  #direct: boolean | undefined;

  constructor(private readonly options: SocketsOptions) {
    this.#agent = createAgent(options, this.#traffic, pool);
  }

  get agent(): Dispatcher {
    return this.#agent;
  }

  /** What begins now goes over new sockets; the old ones end with what goes over them. */
  renew(): void {
    const old = this.#agent;
    this.#agent = createAgent(this.options, this.#traffic, pool);
    this.#old.add(old);
    void old.close().then(() => this.#old.delete(old));
  }

  /** For requests that want a socket of their own, and end it. */
  get probes(): Dispatcher {
    this.#probes ??= createAgent(this.options, this.#traffic);
    // Race: a probe comes after the end; it fails as if it had come before.
    if (this.#destroyed) void this.#probes.destroy();
    return this.#probes;
  }

  /** Undefined where a proxy's bytes would be counted too. */
  get bytesRead(): number | undefined {
    return this.#isDirect ? this.#traffic.bytesRead : undefined;
  }

  /** Whether the machine takes a connection. A proxy says nothing of the server. */
  async alive(timeoutMs: number): Promise<boolean> {
    return this.#isDirect && takesConnections(this.options.url, timeoutMs);
  }

  async close(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([this.#agent, this.#probes, ...this.#old].map((agent) => agent?.destroy()));
  }

  /** Asked at each beat of each connection, and the environment is slow to read. The sockets are of the proxy of their begin, too. */
  get #isDirect(): boolean {
    this.#direct ??= proxyFor(this.options.url, this.options.proxy) === undefined;
    return this.#direct;
  }
}
