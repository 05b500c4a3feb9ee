import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent, proxyFor, Traffic, takesConnections } from "../agent.js";
import { oneSocket, pool } from "./pooled-client.js";

export interface SocketsOptions extends AgentOptions {
  url: URL;
}

/** The sockets of one connection. They end with it, and none of them keeps a program alive. */
export class Sockets {
  readonly #traffic = new Traffic();
  #agent: Dispatcher;
  /** Those that were replaced, for as long as something goes over them. */
  readonly #old = new Set<Dispatcher>();
  /** Each of one socket; those that serve nobody at the moment. */
  readonly #probes = new Set<Dispatcher>();
  readonly #freeProbes: Dispatcher[] = [];
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

  /** For a request that wants a socket of its own, and ends it. To be given back when it has ended. */
  takeProbe(): Dispatcher {
    const probe = this.#freeProbes.pop() ?? createAgent(this.options, this.#traffic, oneSocket);
    this.#probes.add(probe);
    // Race: a probe comes after the end; it fails as if it had come before.
    if (this.#destroyed) void probe.destroy();
    return probe;
  }

  freeProbe(probe: Dispatcher): void {
    this.#freeProbes.push(probe);
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
    await Promise.all([this.#agent, ...this.#probes, ...this.#old].map((agent) => agent.destroy()));
  }

  /** Asked at each beat of each connection, and the environment is slow to read. The sockets are of the proxy of their begin, too. */
  get #isDirect(): boolean {
    this.#direct ??= proxyFor(this.options.url, this.options.proxy) === undefined;
    return this.#direct;
  }
}
