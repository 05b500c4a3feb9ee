import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import { VERSION } from "../base/version.js";
import { isFleet, Watch } from "../composite/watch.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import { CallTracer, passing } from "./calls.js";
import { Connections } from "./connections.js";
import { Instruments } from "./instruments.js";

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
 */
export function otel(
  transports: ClientTransport | readonly ClientTransport[],
  { tracerProvider = trace, meterProvider = metrics, content = false }: OtelOptions = {},
): Otel {
  const tracer = tracerProvider.getTracer("holdfast", VERSION);
  const instruments = new Instruments(meterProvider.getMeter("holdfast", VERSION));
  const connections = new Connections(tracer, instruments);
  const watch = new Watch(
    (event) => connections.hear(event),
    (transport) => {
      // What a config is asked for is asked of one of its servers, whose span it is.
      const calls = isFleet(transport)
        ? passing
        : new CallTracer(tracer, instruments, { name: transport.name, kind: transport.status.kind }, content);
      transport[INTERNALS].trace(calls);
      const traced = new WeakRef(transport);
      return () => traced.deref()?.[INTERNALS].trace(undefined);
    },
  );
  const made: Otel = {
    watch(...more) {
      watch.add(...more);
      return made;
    },
    close() {
      watch.close();
      connections.close();
    },
  };
  return made.watch(...[transports].flat());
}
