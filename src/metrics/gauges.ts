import type * as Prometheus from "prom-client";
import type { MCPConfigTransport } from "../composite/config-transport.js";
import { isFleet, serversOf, type Watch } from "../composite/watch.js";
import type { ConnectionState, Health } from "../contract/status.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { ClientTransport } from "../transports/transport.js";

const STATES: readonly ConnectionState[] = ["idle", "connecting", "connected", "disconnecting", "closed"];
const HEALTHS: readonly Health[] = [
  "known",
  "starting",
  "ok",
  "needs sign-in",
  "unreachable",
  "refused",
  "misconfigured",
  "crashing",
  "deaf",
  "closed",
];
const FLEET: readonly FleetHealth[] = ["starting", "ready", "degraded", "down", "closed"];

type Labels = Record<string, string>;
type Row = [labels: Labels, value: number];

/** What is read from the statuses with each scrape. Returns the names of the metrics. */
export function gauges({ Gauge }: typeof Prometheus, registry: Prometheus.Registry, watch: Watch): string[] {
  const names: string[] = [];
  const gauge = (name: string, help: string, labelNames: string[], rows: () => Row[]) => {
    names.push(name);
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        // What is gone leaves with its labels.
        this.reset();
        for (const [labels, value] of rows()) this.set(labels, value);
      },
    });
  };
  const each = (name: string, help: string, value: (transport: ClientTransport) => number) =>
    gauge(`holdfast_${name}`, help, ["server", "config"], () =>
      serversIn(watch).map(({ labels, transport }) => [labels, value(transport)]),
    );
  /** One row for each word, 1 for the one that holds: so that a query can ask for any of them. */
  const words = <W extends string>(
    [name, label]: [string, string],
    help: string,
    all: readonly W[],
    word: (transport: ClientTransport) => string,
  ) =>
    gauge(`holdfast_${name}`, help, ["server", "config", label], () =>
      serversIn(watch).flatMap(({ labels, transport }) => rowsOf(labels, [label, all], word(transport))),
    );

  each("up", "Whether the server is connected.", ({ status }) => Number(status.state === "connected"));
  words(
    ["connection_state", "state"],
    "1 for the state that the connection is in.",
    STATES,
    ({ status }) => status.state,
  );
  words(
    ["health", "health"],
    "1 for the word that says how the server is.",
    HEALTHS,
    (transport) => transport.explain().health,
  );
  each("needs_sign_in", "Whether a person has to sign in.", (transport) =>
    Number(transport.explain().health === "needs sign-in"),
  );
  each("next_retry_seconds", "Seconds until the next attempt; 0 where none is planned.", ({ status }) =>
    Math.max(0, ((status.nextRetryAt ?? 0) - Date.now()) / 1_000),
  );
  each("sessions", "Sessions that are open.", ({ status }) => status.leases);
  each("requests_in_flight", "Requests that have no answer yet.", ({ status }) => status.inFlight);
  gauge(
    "holdfast_fleet_health",
    "1 for how all servers of a config are together.",
    ["config", "health"],
    () => configsIn(watch).flatMap(({ name, health }) => rowsOf({ config: name }, ["health", FLEET], health)),
  );
  return names;
}

const rowsOf = (labels: Labels, [label, all]: [string, readonly string[]], holds: string): Row[] =>
  all.map((word) => [{ ...labels, [label]: word }, Number(word === holds)]);

const configsIn = (watch: Watch): MCPConfigTransport[] => watch.transports().filter(isFleet);

/** Each server once, with the name of its config, `""` where it stands in none. */
function serversIn(watch: Watch): { labels: Labels; transport: ClientTransport }[] {
  const configs = configsIn(watch);
  const homes = new Map<ClientTransport, string>();
  for (const config of configs) for (const child of serversOf(config)) homes.set(child, config.name);
  return watch
    .transports()
    .filter((transport) => !configs.some((config) => config === transport))
    .map((transport) => ({
      labels: { server: transport.name, config: homes.get(transport) ?? "" },
      transport,
    }));
}
