import type * as Prometheus from "prom-client";
import type { Counter, Histogram, Registry } from "prom-client";
import type { InspectionEvent } from "../contract/inspection.js";
import { isKnownMethod } from "../contract/methods.js";

/** In seconds: the buckets that the conventions of OpenTelemetry name for MCP. */
const SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

type Of<T extends InspectionEvent["type"]> = Extract<InspectionEvent, { type: T }>;

interface Server {
  labels: { server: string; config: string };
  /** When its wire was opened, epoch ms. */
  openedAt?: number | undefined;
}

/** What is counted as it happens. The calls of a config are those of its servers, and are not counted a second time. */
export class Counted {
  readonly names: readonly string[];
  readonly #servers = new Map<string, Server>();
  readonly #attempts: Counter;
  readonly #reconnects: Counter;
  readonly #calls: Counter;
  readonly #replays: Counter;
  readonly #durations: Histogram;
  readonly #sessions: Histogram;

  constructor({ Counter, Histogram }: typeof Prometheus, registry: Registry) {
    const named: string[] = [];
    const base = (name: string, help: string, more: string[] = []) => {
      named.push(name);
      return { name, help, labelNames: ["server", "config", ...more], registers: [registry] };
    };
    this.#attempts = new Counter(base("holdfast_attempts_total", "Attempts to connect."));
    this.#reconnects = new Counter(
      base("holdfast_reconnects_total", "Connections that were lost and are replaced, by what told it.", [
        "cause",
      ]),
    );
    this.#calls = new Counter(
      base("holdfast_calls_total", "Calls by how they ended.", ["method", "outcome"]),
    );
    this.#replays = new Counter(
      base("holdfast_replays_total", "Requests that were lost and sent again.", ["method", "outcome"]),
    );
    const durations = base("mcp_client_operation_duration_seconds", "How long calls took.", [
      "mcp_method_name",
    ]);
    this.#durations = new Histogram({ ...durations, buckets: SECONDS });
    const sessions = base("mcp_client_session_duration_seconds", "How long the server's sessions lasted.");
    this.#sessions = new Histogram({ ...sessions, buckets: SECONDS });
    this.names = named;
  }

  hear(event: InspectionEvent): void {
    if (event.type === "appeared" && event.kind !== "config") this.#servers.set(event.id, appeared(event));
    const server = this.#servers.get(event.id);
    if (!server) return;
    const { labels } = server;
    switch (event.type) {
      case "ended":
        this.#lasted(server, event.at);
        this.#servers.delete(event.id);
        return;
      case "transition":
        this.#moved(server, event);
        return;
      case "wire.opened":
        server.openedAt = event.at;
        return;
      case "request.resent":
        this.#replays.inc({ ...labels, method: methodOf(event), outcome: event.outcome });
        return;
      case "request.settled":
        this.#calls.inc({ ...labels, method: methodOf(event), outcome: event.end });
        this.#durations.observe({ ...labels, mcp_method_name: methodOf(event) }, event.durationMs / 1_000);
        return;
    }
  }

  #moved(server: Server, { from, to, cause, at }: Of<"transition">): void {
    const { labels } = server;
    if (to === "connecting.opening") this.#attempts.inc(labels);
    if (!from.startsWith("connected.") || to.startsWith("connected.")) return;
    if (to.startsWith("connecting.")) this.#reconnects.inc({ ...labels, cause });
    this.#lasted(server, at);
  }

  /** A connection that is there no more, or is watched no more. */
  #lasted(server: Server, at: number): void {
    const { labels, openedAt } = server;
    if (openedAt !== undefined) this.#sessions.observe(labels, Math.max(0, at - openedAt) / 1_000);
    server.openedAt = undefined;
  }
}

const appeared = ({ name, parent = "", state, since }: Of<"appeared">): Server => ({
  labels: { server: name, config: parent },
  openedAt: state.startsWith("connected") ? since : undefined,
});

/** A program may call any method; each label is a series of its own, so that what the protocol does not know is one. */
const methodOf = ({ method }: { method: string }): string => (isKnownMethod(method) ? method : "other");
