import { Watch } from "../composite/watch.js";
import type { InspectionEvent } from "../contract/inspection.js";
import type { ConnectionEvent } from "../contract/status.js";
import type { ClientTransport } from "../transports/transport.js";
import { LogFile } from "../wires/log-file.js";

const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** How often a server was reached again, and why it was lost the last time. */
export interface Restarts {
  restarts: number;
  reason?: string;
}

type Transition = Extract<ConnectionEvent, { type: "transition" }>;

/** What becomes of the servers of a daemon: written to its log, and counted. */
export class Journal {
  readonly #file: LogFile;
  readonly #servers = new Map<string, { opened: number; reason?: string }>();
  readonly #calls = new Map<string, number>();

  constructor(path: string) {
    this.#file = new LogFile(path, (error) => console.error(error.message), MAX_LOG_BYTES);
  }

  say(line: string): void {
    this.#file.write(`${new Date().toISOString()} ${line.replaceAll("\n", " ")}`);
  }

  /** Follows a transport, of a config all servers of it. */
  follow(transport: ClientTransport): void {
    transport.subscribe((_status, event) => {
      const [name, inner] =
        event.type === "server" ? [event.server, event.event] : ([transport.name, event] as const);
      if (inner.type === "transition") this.#note(name, inner);
      if (inner.type === "warning") this.say(inner.message);
    });
    const hear = (event: InspectionEvent) => {
      if (event.type !== "stderr" && event.type !== "request.settled") return;
      const name = watch.find(event.id)?.name ?? transport.name;
      if (event.type === "stderr") this.say(`${name}| ${event.line}`);
      else this.#calls.set(name, this.callsOf(name) + 1);
    };
    // Those of a client's own servers, too.
    const watch = new Watch(hear, { forks: true });
    watch.add(transport);
  }

  restartsOf(name: string): Restarts {
    const { opened = 0, reason } = this.#servers.get(name) ?? {};
    return { restarts: Math.max(0, opened - 1), ...(opened > 1 && reason !== undefined && { reason }) };
  }

  /** How many calls of a server ended. */
  callsOf(name: string): number {
    return this.#calls.get(name) ?? 0;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #note(name: string, { from, to, cause, error }: Transition): void {
    const why = error ? `: ${error.message}` : "";
    this.say(`${name}: ${to} (${cause})${why}`);
    const known = this.#servers.get(name) ?? { opened: 0 };
    if (from === "connecting.opening" && to === "connected.steady") known.opened++;
    const [line] = error?.message.split("\n") ?? [];
    if (to === "connecting.waiting" && line !== undefined) known.reason = line;
    this.#servers.set(name, known);
  }
}
