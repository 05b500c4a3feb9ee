import type { Histogram, Meter } from "@opentelemetry/api";

/** In seconds, as the conventions say. */
const SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** The histograms of the conventions for MCP. */
export class Instruments {
  readonly operations: Histogram;
  readonly sessions: Histogram;
  readonly servedOperations: Histogram;
  readonly servedSessions: Histogram;

  constructor(meter: Meter) {
    const seconds = { unit: "s", advice: { explicitBucketBoundaries: SECONDS } };
    this.operations = meter.createHistogram("mcp.client.operation.duration", {
      ...seconds,
      description: "How long a call took, over all its sendings.",
    });
    this.sessions = meter.createHistogram("mcp.client.session.duration", {
      ...seconds,
      description: "How long a connection to a server lasted.",
    });
    this.servedOperations = meter.createHistogram("mcp.server.operation.duration", {
      ...seconds,
      description: "How long the answer to a client took.",
    });
    this.servedSessions = meter.createHistogram("mcp.server.session.duration", {
      ...seconds,
      description: "How long a client's session lasted.",
    });
  }
}
