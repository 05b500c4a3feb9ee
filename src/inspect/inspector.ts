import { MCPConfigTransport } from "../composite/config-transport.js";
import type { InspectionEvent } from "../contract/inspection.js";
import type { ClientTransport } from "../transports/transport.js";
import { Recorder, toRecording } from "./recorder.js";
import { PageServer } from "./server.js";

/** The options of `createInspector`. */
export interface InspectorOptions {
  /** The transports to watch from the start. Default: none. */
  transports?: readonly ClientTransport[];
  /** The port of the page on 127.0.0.1. Default: a free one. */
  port?: number;
  /** Whether the page has buttons (retry, disconnect, reconnect, pause). Default true. */
  controls?: boolean;
  /** How many of the last events are kept, for pages that are opened later and for recordings. Default 5,000. */
  capacity?: number;
}

interface Watched {
  transport: WeakRef<ClientTransport>;
  /** Stops watching the transport, and for a config also following its servers. */
  stop(): void;
}

/**
 * A page on this machine that shows every connection that it watches. It does not keep the program alive, and shows no secrets.
 */
export class Inspector {
  readonly #recorder: Recorder;
  // All references to transports are weak: a transport that the program has dropped can be garbage collected.
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

  /** The address of the page. It contains the token that opens the page. */
  get url(): string {
    return this.#server!.url;
  }

  /** How many browser pages are open. */
  get pages(): number {
    return this.#server!.pages;
  }

  /** Watches more transports. For a config it also watches all its servers, including those that are added later. */
  watch(...transports: readonly ClientTransport[]): this {
    for (const transport of transports) {
      this.#add(transport);
      if (transport instanceof MCPConfigTransport) this.#sync(transport);
    }
    return this;
  }

  /** Stops watching these transports. */
  unwatch(...transports: readonly ClientTransport[]): this {
    for (const transport of transports) {
      for (const each of [transport, ...(this.#children.get(transport) ?? [])])
        this.#end(this.#ids.get(each) ?? "");
      this.#children.delete(transport);
    }
    return this;
  }

  /** Calls `listener` with each event from now on. Returns a function that ends it. */
  onEvent(listener: (event: InspectionEvent) => void): () => void {
    return this.#recorder.onEvent(listener);
  }

  /** The last events as text. Saved as `FILE.jsonl`, it can be shown with `holdfast inspect FILE.jsonl`. */
  recording(): string {
    return toRecording(this.#recorder.events());
  }

  /** Closes the page. The watched transports go on. */
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

  /** Keeps the watched servers of a config up to date when the config changes. Returns a function that ends it. */
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

  /** Watches the current servers of a config, and stops watching those that are gone. */
  #sync(config: MCPConfigTransport): void {
    // A config with a single server is itself that server's transport, and is watched already.
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
    // The events that follow show whether it worked.
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

/** Sends a signal to the whole process group if the process leads one, otherwise to the process. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(-pid, name);
  } catch {
    process.kill(pid, name);
  }
}

/**
 * Starts an inspector and its page.
 *
 *     const inspector = await createInspector({ transports: [transport] });
 *     console.log(inspector.url);
 */
export async function createInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = new Inspector(new Recorder(options.capacity ?? 5_000));
  await inspector.listen(options);
  return inspector.watch(...(options.transports ?? []));
}

/** Starts a page that shows a recording. It has no buttons, and a slider goes to any moment. */
export async function showRecording(
  name: string,
  events: readonly InspectionEvent[],
  { port = 0 }: { port?: number } = {},
): Promise<PageServer> {
  const recorder = new Recorder(Number.POSITIVE_INFINITY);
  for (const event of events) recorder.add(event);
  return PageServer.start({ recorder, port, recording: name });
}
