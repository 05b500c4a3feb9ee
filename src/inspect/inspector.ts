import { visible } from "../base/visible.js";
import { Watch } from "../composite/watch.js";
import type { InspectionEvent } from "../contract/inspection.js";
import { Scraped } from "../metrics/scraped.js";
import type { ClientTransport } from "../transports/transport.js";
import { callOf, offersOf } from "./asking.js";
import { Recorder, toRecording } from "./recorder.js";
import { type Explained, PageServer } from "./server.js";

/** The options of `createInspector`. */
export interface InspectorOptions {
  /** The transports to watch from the start. Default: none. */
  transports?: readonly ClientTransport[];
  /** The port of the page on 127.0.0.1. Default: a free one. */
  port?: number;
  /** Whether the page has buttons (retry, disconnect, reconnect), and can list what a server offers. Default true. */
  controls?: boolean;
  /** Whether a button stops a server's process (SIGSTOP) until it is let go on. Default false. */
  allowStop?: boolean;
  /** Whether tools that say that they only read can be called on the page. Default false. */
  allowCalls?: boolean;
  /** How many of the last events are kept, for pages that are opened later and for recordings. Default 5,000. */
  capacity?: number;
}

/**
 * A page on this machine that shows every connection that it watches. It does not keep the program alive, and shows no secrets.
 */
export class Inspector {
  readonly #recorder: Recorder;
  readonly #watch: Watch;
  readonly #scraped = new Scraped(() => this.#watch.transports());
  #server: PageServer | undefined;
  #allowStop = false;

  /** @internal Made by `createInspector`. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    this.#watch = new Watch((event) => recorder.add(event));
  }

  /** @internal */
  async listen(options: InspectorOptions): Promise<void> {
    const { port = 0, controls = true, allowStop = false, allowCalls = false } = options;
    this.#allowStop = allowStop;
    const command = controls ? (id: string, action: string) => this.#act(id, action) : undefined;
    this.#server = await PageServer.start({
      recorder: this.#recorder,
      port,
      command,
      allowStop,
      explained: () => this.#explained(),
      ...(controls && { offers: (id: string) => offersOf(this.#found(id)) }),
      ...(controls &&
        allowCalls && {
          call: (id: string, tool: string, args: unknown) => callOf(this.#found(id), tool, args),
        }),
      scraped: this.#scraped,
    });
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
    this.#watch.add(...transports);
    this.#scraped.watch(...transports);
    return this;
  }

  /** Stops watching these transports. */
  unwatch(...transports: readonly ClientTransport[]): this {
    this.#watch.remove(...transports);
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
    this.#watch.close();
    this.#scraped.close();
    await this.#server?.close();
  }

  #found(id: string): ClientTransport {
    const transport = this.#watch.find(id);
    if (!transport) throw new Error("there is no such connection any more");
    return transport;
  }

  /** How each server is, in the words of `explain()`, by the id of its events. */
  #explained(): Record<string, Explained> {
    return Object.fromEntries(
      this.#watch.entries().map(([id, transport]) => {
        const { health, advice } = transport.explain();
        const { status } = transport;
        const { lazy = "", state } = status;
        // The page counts down by itself.
        const brief = advice
          .slice(status.name.length + 1)
          .replace(/(?:; | — )it is tried again in [\d.]+ s\.$/, "")
          .replace(/^failed \((.*)\): /s, "$1: ");
        return [
          id,
          {
            health,
            lazy,
            advice: state === "connected" && /^(ok|ready)$/.test(health) ? "" : visible(brief),
          },
        ];
      }),
    );
  }

  #act(id: string, action: string): void {
    const transport = this.#found(id);
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
        if (!this.#allowStop) throw new Error("stopping processes is turned off: allowStop");
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
