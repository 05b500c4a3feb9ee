import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent, proxyFor, Traffic, takesConnections } from "../agent.js";
import type { Lane } from "./request.js";

export interface SocketsOptions extends AgentOptions {
  url: URL;
  /** How many calls go over sockets at once; more wait for one. */
  maxSockets: number;
}

/** How many sockets each lane may have at once; a stream has one of its own. */
const WIDTHS: Record<Exclude<Lane, "calls">, number | null> = {
  notices: 8,
  pongs: 2,
  streams: null,
  probes: null,
};

/** The sockets of one connection, by what goes over them. They end with it, and none of them keeps a program alive. */
export class Sockets {
  readonly #lanes = new Map<Lane, Dispatcher>();
  readonly #traffic = new Traffic();
  #destroyed = false;

  constructor(private readonly options: SocketsOptions) {}

  lane(lane: Lane): Dispatcher {
    const open = this.#lanes.get(lane);
    if (open) return open;
    const connections = lane === "calls" ? this.options.maxSockets : WIDTHS[lane];
    const agent = createAgent({ ...this.options, connections }, this.#traffic);
    // Race: a request comes after the end; it fails as if it had come before.
    if (this.#destroyed) void agent.destroy();
    this.#lanes.set(lane, agent);
    return agent;
  }

  /** Undefined where a proxy's bytes would be counted too. */
  get bytesRead(): number | undefined {
    return this.#direct ? this.#traffic.bytesRead : undefined;
  }

  /** Whether the machine takes a connection. A proxy says nothing of the server. */
  async alive(timeoutMs: number): Promise<boolean> {
    return this.#direct && takesConnections(this.options.url, timeoutMs);
  }

  async close(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([...this.#lanes.values()].map((agent) => agent.destroy()));
  }

  get #direct(): boolean {
    return proxyFor(this.options.url, this.options.proxy) === undefined;
  }
}
