import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent, proxyFor, Traffic, takesConnections } from "../agent.js";

export interface SocketsOptions extends AgentOptions {
  url: URL;
}

/** The sockets of one connection. They end with it, and none of them keeps a program alive. */
export class Sockets {
  readonly #traffic = new Traffic();
  readonly agent: Dispatcher;
  #probes: Dispatcher | undefined;
  #destroyed = false;

  constructor(private readonly options: SocketsOptions) {
    this.agent = createAgent(options, this.#traffic);
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
    await Promise.all([this.agent.destroy(), this.#probes?.destroy()]);
  }

  get #isDirect(): boolean {
    return proxyFor(this.options.url, this.options.proxy) === undefined;
  }
}
