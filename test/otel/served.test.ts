import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { context, SpanKind, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, it, onTestFinished } from "vitest";
import { ANY_RESULT } from "../../src/contract/any-result.js";
import { StdioTransport, StreamableHttpTransport } from "../../src/index.js";
import { otel } from "../../src/otel/index.js";
import { serve } from "../../src/serve/index.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { closing, fixture, rejection, stdioFixture, until } from "../support/fixtures.js";
import { registerTracing } from "../support/global-tracing.js";
import { temporary } from "../support/temporary.js";

registerTracing();

/** A span, in this program or noted by another one. */
interface Seen {
  name: string;
  kind?: SpanKind;
  traceId: string;
  spanId: string;
  parent: string | undefined;
  attributes?: Record<string, unknown>;
}

const seen = (span: ReadableSpan): Seen => ({
  name: span.name,
  kind: span.kind,
  attributes: span.attributes,
  ...span.spanContext(),
  parent: span.parentSpanContext?.spanId,
});

const noted = (file: string): Seen[] =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Seen)
    : [];

function recording() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const spans = () => exporter.getFinishedSpans().map(seen);
  const status = (name: string) =>
    exporter
      .getFinishedSpans()
      .flatMap((span) => (span.name === name && span.kind === SpanKind.SERVER ? [span.status.message] : []));
  return { tracerProvider, spans, status, tracer: tracerProvider.getTracer("agent") };
}

function traced(transport: ClientTransport, options: Parameters<typeof otel>[1]) {
  const made = otel(transport, options);
  onTestFinished(() => made.close());
}

/** A transport to a program that serves the traced server on its stdio, and the spans of that program. */
function behindStdio(era: "legacy" | "modern") {
  const [directory, file] = [temporary(), (name: string) => join(directory, name)];
  const args = [fixture("traced-program.mjs"), file("spans"), fixture("traced-server.mjs"), file("log")];
  const front = new StdioTransport({ name: "served", command: process.execPath, args, era });
  return { front: closing(front), inner: () => noted(file("spans")), own: () => noted(file("log")) };
}

/** The same over HTTP, within this program. */
async function behindHttp(era: "legacy" | "modern") {
  const { transport, log } = stdioFixture({ server: "traced-server.mjs", era: "auto" });
  const { tracerProvider, spans } = recording();
  traced(transport, { tracerProvider });
  const serving = await serve(transport, { http: {} });
  onTestFinished(() => serving.close());
  const front = new StreamableHttpTransport({ name: "served", url: serving.url!, era });
  return { front: closing(front), inner: spans, own: () => noted(log) };
}

const DOORS = { stdio: behindStdio, HTTP: behindHttp };

describe.each(["legacy", "modern"] as const)("a trace through serve, of a %s client", (era) => {
  it.each(["stdio", "HTTP"] as const)(
    "is one tree over %s, from the agent to the server's own span, over a death and a second sending",
    async (door) => {
      const { front, inner, own } = await DOORS[door](era);
      const agent = recording();
      traced(front, { tracerProvider: agent.tracerProvider });
      const session = await front.connectSession();
      await session.listTools();
      const root = agent.tracer.startSpan("agent");
      const mark = join(temporary(), "mark");
      await context.with(trace.setSpan(context.active(), root), () =>
        session.callTool({ name: "look", arguments: { mark } }),
      );
      root.end();
      const { traceId, spanId } = root.spanContext();
      const all = () => [...agent.spans(), ...inner(), ...own()].filter((span) => span.traceId === traceId);
      await until(() => all().length >= 6);
      const below = (parent: string | undefined) => all().filter((span) => span.parent === parent);
      const [asked, ...more] = below(spanId);
      expect(more).toEqual([]);
      expect(asked).toMatchObject({ name: "tools/call look", kind: SpanKind.CLIENT });
      const [served, ...others] = below(asked!.spanId);
      expect(others).toEqual([]);
      expect(served).toMatchObject({ name: "tools/call look", kind: SpanKind.SERVER });
      expect(served!.attributes).toMatchObject({
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "look",
        "gen_ai.operation.name": "execute_tool",
        "jsonrpc.request.id": expect.any(String),
        "mcp.protocol.version": expect.stringMatching(era === "modern" ? /^2026-/ : /^2025-/),
        "network.transport": door === "stdio" ? "pipe" : "tcp",
        "holdfast.server": "fixture",
      });
      const [relayed, ...rest] = below(served!.spanId);
      expect(rest).toEqual([]);
      expect(relayed).toMatchObject({ name: "tools/call look", kind: SpanKind.CLIENT });
      // The server was sent it twice, and died of the first.
      expect(below(relayed!.spanId).map(({ name }) => name)).toEqual([
        "look at the server",
        "look at the server",
      ]);
      expect(all()).toHaveLength(6);
    },
  );
});

describe("a client that can be asked", () => {
  it("has the same tree, though its server is one of its own", async () => {
    const { front, inner } = await behindHttp("legacy");
    const agent = recording();
    traced(front, { tracerProvider: agent.tracerProvider });
    const session = await front.connectSession({ roots: [] });
    await session.listTools();
    await session.callTool({ name: "look", arguments: { mark: join(temporary(), "mark") } });
    const of = (kind: SpanKind) =>
      inner().filter((span) => span.kind === kind && span.name === "tools/call look");
    expect(of(SpanKind.CLIENT).map(({ parent }) => parent)).toEqual(
      of(SpanKind.SERVER).map(({ spanId }) => spanId),
    );
    expect(of(SpanKind.SERVER)).toHaveLength(1);
  });
});

describe("the span of what a client asks", () => {
  async function served(era: "legacy" | "modern", options: { content?: boolean } = {}) {
    const { transport, did } = stdioFixture({ env: { API_TOKEN: "s3cr3t-value-of-the-server" } });
    const { tracerProvider, spans, status } = recording();
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter });
    const meterProvider = new MeterProvider({ readers: [reader] });
    onTestFinished(() => meterProvider.shutdown());
    traced(transport, { tracerProvider, meterProvider, ...options });
    const serving = await serve(transport, { http: {} });
    onTestFinished(() => serving.close());
    const front = closing(new StreamableHttpTransport({ url: serving.url!, era }));
    const named = (name: string) =>
      spans().filter((span) => span.kind === SpanKind.SERVER && span.name === name);
    const counted = async (name: string) => {
      await reader.forceFlush();
      const { scopeMetrics } = exporter.getMetrics().at(-1)!;
      const { dataPoints = [] } =
        scopeMetrics[0]!.metrics.find(({ descriptor }) => descriptor.name === name) ?? {};
      return dataPoints.map(({ attributes, value }) => ({ attributes, value }));
    };
    return { front, named, counted, spans, status, did };
  }

  it.each(["legacy", "modern"] as const)("says how it ended, %s", async (era) => {
    const { front, named, counted, did } = await served(era);
    const session = await front.connectSession();
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    await session.callTool({ name: "no-such-tool", arguments: {} });
    await rejection(session.readResource({ uri: "x://nothing" }));
    expect(named("tools/call echo")[0]!.attributes).not.toHaveProperty("error.type");
    expect(named("tools/call no-such-tool")[0]!.attributes).toMatchObject({ "error.type": "tool_error" });
    expect(named("resources/read")[0]!.attributes).toMatchObject({
      "error.type": "-32602",
      "rpc.response.status_code": "-32602",
    });
    const leaving = new AbortController();
    const left = rejection(session.callTool({ name: "never", arguments: {} }, { signal: leaving.signal }));
    await until(() => did().includes("never begun"));
    leaving.abort();
    await left;
    await until(() => named("tools/call never").length === 1);
    expect(named("tools/call never")[0]!.attributes).toMatchObject({ "error.type": "cancelled" });
    const operations = await counted("mcp.server.operation.duration");
    expect(operations.find(({ attributes }) => attributes["gen_ai.tool.name"] === "echo")).toMatchObject({
      value: { count: 1 },
    });
    // An address would be a series of its own.
    expect(operations.filter(({ attributes }) => attributes["mcp.resource.uri"] !== undefined)).toEqual([]);
  });

  it("names a session of a legacy client without what lets one into it, and counts how long it lasted", async () => {
    const { front, named, counted, spans } = await served("legacy");
    const session = await front.connectSession();
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    const { sessionId } = front.status;
    await front.close();
    const [span] = named("tools/call echo");
    expect(span!.attributes!["mcp.session.id"]).toMatch(/^[0-9a-f]{16}$/);
    expect(sessionId).toBeDefined();
    expect(JSON.stringify(spans())).not.toContain(sessionId);
    await expect
      .poll(() => counted("mcp.server.session.duration"))
      .toMatchObject([
        { attributes: { "mcp.protocol.version": expect.stringMatching(/^2025-/) }, value: { count: 1 } },
      ]);
  });

  it("holds what was said only where that is asked for, without secrets", async () => {
    const secret = "s3cr3t-value-of-the-server";
    const silent = await served("legacy");
    const call = (front: ClientTransport) =>
      front.withSession((session) =>
        session.callTool({ name: "echo", arguments: { message: `say ${secret}` } }),
      );
    await call(silent.front);
    expect(JSON.stringify(silent.spans())).not.toContain("say");
    const telling = await served("legacy", { content: true });
    await call(telling.front);
    const [span] = telling.named("tools/call echo");
    expect(span!.attributes!["gen_ai.tool.call.arguments"]).toContain("say");
    expect(JSON.stringify(telling.spans())).not.toContain(secret);
  });

  it.each(["legacy", "modern"] as const)(
    "says of an error what a span can hold, and no secret, %s",
    async (era) => {
      const { front, named, status } = await served(era);
      const session = await front.connectSession();
      const uri = `x://s3cr3t-value-of-the-server/${"long".repeat(1_000)}`;
      await rejection(session.readResource({ uri }));
      expect(named("resources/read")).toHaveLength(1);
      const [message] = status("resources/read");
      expect(message).toMatch(/x:/);
      expect(message).not.toContain("s3cr3t");
      expect(message!.length).toBeLessThanOrEqual(1_000);
    },
  );

  it("is named after no method that nobody knows", async () => {
    const { front, named } = await served("legacy");
    const session = await front.connectSession();
    await rejection(session.request({ method: "made/up" }, ANY_RESULT));
    expect(named("_OTHER")).toHaveLength(1);
  });
});
