import { MCPConfigTransport } from "../composite/config-transport.js";
import type { InspectionEvent } from "../contract/inspection.js";
import type { ClientTransport } from "../transports/transport.js";
import { Recorder, toRecording } from "./recorder.js";
import { PageServer } from "./server.js";

export interface InspectorOptions {
  /** What is watched from the start. */
  transports?: readonly ClientTransport[];
  /** Default: a free one. */
  port?: number;
  /** Whether the page has buttons (retry, disconnect, reconnect, pause). Default true. */
  controls?: boolean;
  /** How many events are kept for a page that is opened late, and for a recording. Default 5,000. */
  capacity?: number;
}

interface Watched {
  transport: WeakRef<ClientTransport>;
  /** Of a config it ends the following of its servers, too. */
  stop(): void;
}

/**
 * A page on this machine that shows every connection that it watches. It keeps no program alive, and nothing that it
 * shows is secret.
 */
export class Inspector {
  readonly #recorder: Recorder;
  // Nothing in here holds a transport: one that the program forgets is forgotten here, too.
  readonly #watched = new Map<string, Watched>();
  readonly #ids = new WeakMap<ClientTransport, string>();
  /** The servers of each config that is watched. */
  readonly #children = new WeakMap<ClientTransport, Set<ClientTransport>>();
  readonly #forgotten = new FinalizationRegistry<string>((id) => this.#end(id));
  #server: PageServer | undefined;

  /** @internal Made by `createInspector`. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** @internal */
  async listen({ port = 0, controls = true }: InspectorOptions): Promise<void> {
    const command = controls ? (id: string, action: string) => this.#act(id, action) : undefined;
    this.#server = await PageServer.start({ recorder: this.#recorder, port, command });
  }

  /** The page's address, with the token that opens it. */
  get url(): string {
    return this.#server!.url;
  }

  /** How many pages are open. */
  get pages(): number {
    return this.#server!.pages;
  }

  /** Watches these, too; of a config every server that it has and gets. */
  watch(...transports: readonly ClientTransport[]): this {
    for (const transport of transports) {
      this.#add(transport);
      if (transport instanceof MCPConfigTransport) this.#sync(transport);
    }
    return this;
  }

  /** Watches these no more. */
  unwatch(...transports: readonly ClientTransport[]): this {
    for (const transport of transports) {
      for (const each of [transport, ...(this.#children.get(transport) ?? [])])
        this.#end(this.#ids.get(each) ?? "");
      this.#children.delete(transport);
    }
    return this;
  }

  /** Hears each event, too. Returns the function that ends it. */
  onEvent(listener: (event: InspectionEvent) => void): () => void {
    return this.#recorder.onEvent(listener);
  }

  /** The last events as text: for a file that `holdfast inspect FILE` shows. */
  recording(): string {
    return toRecording(this.#recorder.events());
  }

  /** Ends the page; what was watched goes on. */
  async close(): Promise<void> {
    for (const id of [...this.#watched.keys()]) this.#end(id);
    await this.#server?.close();
  }

  #add(transport: ClientTransport, parent?: string): void {
    if (this.#watched.has(this.#ids.get(transport) ?? "")) return;
    let id = "";
    const stopInspecting = transport.inspect((event) => {
      id = event.id;
      this.#recorder.add(event.type === "appeared" && parent !== undefined ? { ...event, parent } : event);
    });
    const stopFollowing = transport instanceof MCPConfigTransport ? this.#follow(transport) : undefined;
    this.#ids.set(transport, id);
    this.#watched.set(id, {
      transport: new WeakRef(transport),
      stop() {
        stopInspecting();
        stopFollowing?.();
      },
    });
    this.#forgotten.register(transport, id);
  }

  /** Watches the servers that a config gets, and no more those that it loses. Returns the function that ends it. */
  #follow(transport: MCPConfigTransport): () => void {
    const config = new WeakRef(transport);
    return transport.subscribe((_status, event) => {
      const followed = config.deref();
      if (followed && event.type === "servers") this.#sync(followed);
    });
  }

  #end(id: string): void {
    this.#watched.get(id)?.stop();
    this.#watched.delete(id);
  }

  /** The servers of a config as they are now: those that are gone are no longer watched. */
  #sync(config: MCPConfigTransport): void {
    // A single server stands in for its config, and is watched as that.
    const found = Object.keys(config.servers).map((name) => config.server(name));
    const current = new Set(found.filter((transport) => transport !== config));
    for (const old of this.#children.get(config) ?? [])
      if (!current.has(old)) this.#end(this.#ids.get(old) ?? "");
    for (const transport of current) this.#add(transport, config.name);
    this.#children.set(config, current);
  }

  #act(id: string, action: string): void {
    const transport = this.#watched.get(id)?.transport.deref();
    if (!transport) throw new Error("there is no such connection any more");
    const { pid } = transport.status;
    // What becomes of it is told by the events that follow.
    const ignore = () => {};
    switch (action) {
      case "retry":
        transport.retryNow();
        return;
      case "disconnect":
        transport.disconnect().catch(ignore);
        return;
      case "reconnect":
        transport
          .disconnect()
          .then(() => transport.connect())
          .catch(ignore);
        return;
      case "pause":
      case "resume":
        if (pid === undefined) throw new Error("it has no process here that could be stopped");
        signal(pid, action === "pause" ? "SIGSTOP" : "SIGCONT");
        this.#recorder.add({ at: Date.now(), id, type: action === "pause" ? "paused" : "resumed" });
        return;
      default:
        throw new Error(`there is no ${JSON.stringify(action)}`);
    }
  }
}

/** The whole group where it leads one. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(-pid, name);
  } catch {
    process.kill(pid, name);
  }
}

/**
 * Starts the page.
 *
 *     const inspector = await createInspector({ transports: [transport] });
 *     console.log(inspector.url);
 */
export async function createInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = new Inspector(new Recorder(options.capacity ?? 5_000));
  await inspector.listen(options);
  return inspector.watch(...(options.transports ?? []));
}

/** A page that shows what was recorded, with no buttons and a moment to choose. */
export async function showRecording(
  name: string,
  events: readonly InspectionEvent[],
  { port = 0 }: { port?: number } = {},
): Promise<PageServer> {
  const recorder = new Recorder(Number.POSITIVE_INFINITY);
  for (const event of events) recorder.add(event);
  return PageServer.start({ recorder, port, recording: name });
}
