import type { InspectionEvent } from "../contract/inspection.js";
import { INTERNALS } from "../transports/internals.js";
import { ClientTransport } from "../transports/transport.js";
import { MCPConfigTransport } from "./config-transport.js";

/** The transports of a config's servers. */
export const serversOf = (config: MCPConfigTransport): ClientTransport[] =>
  Object.keys(config.servers).map((name) => config.server(name));

/** Whether it is a config of several servers. One with a single server is that server's own transport. */
export const isFleet = (transport: ClientTransport): transport is MCPConfigTransport =>
  transport instanceof MCPConfigTransport && !serversOf(transport).includes(transport);

interface Watched {
  transport: WeakRef<ClientTransport>;
  isFork: boolean;
  /** Stops watching the transport, and for a config also following its servers. */
  stop(): void;
}

/**
 * Hears the events of transports, and of a config those of all its servers, also of those that are added later. All references to
 * transports are weak: one that the program has dropped can be garbage collected.
 */
export class Watch {
  readonly #watched = new Map<string, Watched>();
  readonly #ids = new WeakMap<ClientTransport, string>();
  /** The servers of each config that is watched. */
  readonly #children = new WeakMap<ClientTransport, Set<ClientTransport>>();
  readonly #forgotten = new FinalizationRegistry<string>((id) => this.#end(id));

  /**
   * `joins` is called with each transport that is watched from now on; what it returns, when that ends. Without `calls` no call is
   * heard that begins or ends, and calls do not pay for it. With `forks` those of a transport are heard, too, until they are closed.
   */
  constructor(
    private readonly hear: (event: InspectionEvent) => void,
    private readonly how: {
      joins?: (transport: ClientTransport) => () => void;
      calls?: boolean;
      forks?: boolean;
    } = {},
  ) {}

  add(...transports: readonly ClientTransport[]): void {
    for (const transport of transports) {
      this.#add(transport);
      if (transport instanceof MCPConfigTransport) this.#sync(transport);
    }
  }

  remove(...transports: readonly ClientTransport[]): void {
    for (const transport of transports) {
      for (const each of [transport, ...(this.#children.get(transport) ?? [])])
        this.#end(this.#ids.get(each) ?? "");
      this.#children.delete(transport);
    }
  }

  /** The transport whose events have this id; undefined once it is not watched any more. */
  find(id: string): ClientTransport | undefined {
    return this.#watched.get(id)?.transport.deref();
  }

  /** All that are watched. */
  transports(): ClientTransport[] {
    const own = [...this.#watched.values()].filter(({ isFork }) => !isFork);
    return own.flatMap(({ transport }) => transport.deref() ?? []);
  }

  /** All that are watched, with the ids of their events. */
  entries(): [string, ClientTransport][] {
    return [...this.#watched].flatMap(([id, { transport }]): [string, ClientTransport][] => {
      const found = transport.deref();
      return found ? [[id, found]] : [];
    });
  }

  close(): void {
    for (const id of [...this.#watched.keys()]) this.#end(id);
  }

  /** `isFork`: the transport is a fork, or a server of one; it is heard, and does not count as one of those that are watched. */
  #add(transport: ClientTransport, parent?: string, isFork = false): void {
    if (this.#watched.has(this.#ids.get(transport) ?? "")) return;
    let id = "";
    const { joins, calls = true, forks = false } = this.how;
    const hear = (event: InspectionEvent) => {
      id = event.id;
      if (isFork && event.type === "transition" && event.to === "closed") queueMicrotask(() => this.#end(id));
      this.hear(event.type === "appeared" && parent !== undefined ? { ...event, parent } : event);
    };
    const stopInspecting = calls ? transport.inspect(hear) : transport[INTERNALS].inspectConnection(hear);
    const stopJoining = joins?.(transport);
    const stopFollowing =
      transport instanceof MCPConfigTransport ? this.#follow(transport, isFork) : undefined;
    const stopForking = forks
      ? transport[INTERNALS].followForks((fork) => this.#fork(fork, parent))
      : undefined;
    this.#ids.set(transport, id);
    this.#watched.set(id, {
      transport: new WeakRef(transport),
      isFork,
      stop() {
        stopInspecting();
        stopJoining?.();
        stopFollowing?.();
        stopForking?.();
      },
    });
    this.#forgotten.register(transport, id);
  }

  /** Keeps the watched servers of a config up to date when the config changes. Returns a function that ends it. */
  #follow(transport: MCPConfigTransport, isFork: boolean): () => void {
    const config = new WeakRef(transport);
    return transport.subscribe((_status, event) => {
      const followed = config.deref();
      if (followed && event.type === "servers") this.#sync(followed, isFork);
    });
  }

  #fork(fork: object, parent: string | undefined): void {
    if (!(fork instanceof ClientTransport)) return;
    this.#add(fork, parent, true);
    if (fork instanceof MCPConfigTransport) this.#sync(fork, true);
  }

  #end(id: string): void {
    this.#watched.get(id)?.stop();
    this.#watched.delete(id);
  }

  /** Watches the current servers of a config, and stops watching those that are gone. */
  #sync(config: MCPConfigTransport, isFork = false): void {
    // A config with a single server is itself that server's transport, and is watched already.
    const found = Object.keys(config.servers).map((name) => config.server(name));
    const current = new Set(found.filter((transport) => transport !== config));
    for (const old of this.#children.get(config) ?? [])
      if (!current.has(old)) this.#end(this.#ids.get(old) ?? "");
    for (const transport of current) this.#add(transport, config.name, isFork);
    this.#children.set(config, current);
  }
}
