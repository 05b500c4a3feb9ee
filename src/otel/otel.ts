import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { VERSION } from "../base/version.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import { isFleet, Watch } from "../composite/watch.js";
import type { Tracer } from "../contract/trace.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import { api } from "./api.js";
import { CallTracer, passing } from "./calls.js";
import { Connections } from "./connections.js";
import { Instruments } from "./instruments.js";
import { ServedSpans } from "./served.js";

/** The options of `otel`. */
export interface OtelOptions {
  /** Where spans go. Default: the global one. */
  tracerProvider?: TracerProvider;
  /** Where metrics go. Default: the global one. */
  meterProvider?: MeterProvider;
  /** Whether spans hold arguments and results of tools, without the secrets that their connection knows. Default false. */
  content?: boolean;
}

/** What `otel` gives. */
export interface Otel {
  /** Traces more transports, and of a config all its servers. */
  watch(...transports: readonly ClientTransport[]): Otel;
  /** Ends it: nothing is traced any more. */
  close(): void;
}

/**
 * Traces the calls of transports by OpenTelemetry's conventions for MCP: a client span for each call, with an event for each time
 * that it was sent; the context in the `_meta` of each sending; a span for each time that a connection is made; and the histograms
 * `mcp.client.operation.duration` and `mcp.client.session.duration`. Of a config it traces the servers, also those that are added
 * later. Needs the package `@opentelemetry/api`, and does nothing until an SDK of OpenTelemetry is registered.
 *
 *     const tracing = otel(transport);
 *
 * @throws HoldfastError `CONFIG_INVALID` where `@opentelemetry/api` is not installed
 */
export function otel(
  transports: ClientTransport | readonly ClientTransport[],
  options: OtelOptions = {},
): Otel {
  const { trace, metrics } = api();
  const { tracerProvider = trace, meterProvider = metrics, content = false } = options;
  const tracer = tracerProvider.getTracer("holdfast", VERSION);
  const instruments = new Instruments(meterProvider.getMeter("holdfast", VERSION));
  const connections = new Connections(tracer, instruments);
  const watch = new Watch((event) => connections.hear(event), {
    calls: false,
    forks: true,
    joins(transport) {
      const { name, status } = transport;
      const served = new ServedSpans(tracer, instruments, name, content);
      const calls = new CallTracer(tracer, instruments, { name, kind: status.kind }, content, served);
      return transport instanceof MCPConfigTransport
        ? tracedConfig(transport, calls)
        : transport[INTERNALS].trace(calls);
    },
  });
  const made: Otel = {
    watch(...more) {
      watch.add(...more);
      return made;
    },
    close() {
      // First: what goes on has not ended.
      connections.close();
      watch.close();
    },
  };
  return made.watch(...[transports].flat());
}

/** What a config of several servers is asked for is asked of one of them, whose span it is; one that has a single server is that server. */
function tracedConfig(config: MCPConfigTransport, own: Tracer): () => void {
  const [trace, known] = [config[INTERNALS].trace, new WeakRef(config)];
  const chosen = () => {
    const now = known.deref();
    return trace(now && isFleet(now) ? passing(own.served) : own);
  };
  let stop = chosen();
  const unsubscribe = config.subscribe((_status, { type }) => {
    if (type !== "servers") return;
    stop();
    stop = chosen();
  });
  return () => {
    unsubscribe();
    stop();
  };
}
