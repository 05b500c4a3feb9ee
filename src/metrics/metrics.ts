import type * as Prometheus from "prom-client";
import { loadPeer } from "../base/load-now.js";
import { Watch } from "../composite/watch.js";
import type { ClientTransport } from "../transports/transport.js";
import { Counted } from "./counted.js";
import { gauges } from "./gauges.js";

/** The options of `metrics`. */
export interface MetricsOptions {
  /** A registry of prom-client to add to. Default: one of its own. */
  registry?: Prometheus.Registry;
}

/** What `metrics` gives. */
export interface Metrics {
  /** The registry that holds the metrics. */
  readonly registry: Prometheus.Registry;
  /** The content type of `text()`. */
  readonly contentType: string;
  /** All metrics of the registry in Prometheus' text form, as they are now. */
  text(): Promise<string>;
  /** Counts more transports, and of a config all its servers. */
  watch(...transports: readonly ClientTransport[]): Metrics;
  /** Ends it: nothing is counted any more, and its metrics leave the registry. */
  close(): void;
}

/**
 * Counts what happens on transports, for Prometheus. Of a config it counts the servers, also those that are added later. It opens
 * nothing, and keeps neither a transport nor the program alive. Needs the package `prom-client`.
 *
 *     const counted = metrics(transport);
 *     response.setHeader("content-type", counted.contentType).end(await counted.text());
 *
 * @throws HoldfastError `CONFIG_INVALID` where that is not installed; Error of prom-client where the registry has metrics of these names already
 */
export function metrics(
  transports: ClientTransport | readonly ClientTransport[],
  options: MetricsOptions = {},
): Metrics {
  const prometheus = loadPeer<typeof Prometheus>("prom-client", "metrics()");
  const registry = options.registry ?? new prometheus.Registry();
  const counted = new Counted(prometheus, registry);
  const watch = new Watch((event) => counted.hear(event), { forks: true });
  const names = [...gauges(prometheus, registry, watch), ...counted.names];
  const made: Metrics = {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    watch(...more) {
      watch.add(...more);
      return made;
    },
    close() {
      watch.close();
      for (const name of names) registry.removeSingleMetric(name);
    },
  };
  return made.watch(...[transports].flat());
}
