import { join } from "node:path";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
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
import { type ClientTransport, MCPConfigTransport, StdioTransport } from "../../src/index.js";
import { type OtelOptions, otel } from "../../src/otel/index.js";
import { closing, fixture, rejection, stdioFixture } from "../support/fixtures.js";
import { registerTracing } from "../support/global-tracing.js";
import { temporary } from "../support/temporary.js";

registerTracing();

function tracing(transport: ClientTransport, options: OtelOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const made = otel(transport, { tracerProvider, ...options });
  onTestFinished(() => made.close());
  const spans = () => exporter.getFinishedSpans();
  const named = (name: string) => spans().filter((span) => span.name === name);
  return { tracer: tracerProvider.getTracer("agent"), spans, named, made };
}

const eventsOf = (span: ReadableSpan) => span.events.map(({ name, attributes }) => ({ name, ...attributes }));

/** What the server's own spans say of themselves. */
interface Noted {
  name: string;
  traceId: string;
  spanId: string;
  parent: string;
}

describe("the traces of a transport", () => {
  it("are one tree from the caller to the server's own span, over a death of the server and a second sending", async () => {
    const { transport, did } = stdioFixture({ server: "traced-server.mjs" });
    const { tracer, named } = tracing(transport);
    const session = await transport.connectSession();
    await session.listTools();
    const agent = tracer.startSpan("agent");
    const mark = join(temporary(), "mark");
    await context.with(trace.setSpan(context.active(), agent), () =>
      session.callTool({ name: "look", arguments: { mark } }),
    );
    agent.end();
    const [call, ...more] = named("tools/call look");
    expect(more).toEqual([]);
    expect(call!.kind).toBe(SpanKind.CLIENT);
    expect(call!.parentSpanContext?.spanId).toBe(agent.spanContext().spanId);
    expect(call!.attributes).toMatchObject({
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "look",
      "gen_ai.operation.name": "execute_tool",
      "mcp.protocol.version": expect.stringMatching(/^2025-/),
      "network.transport": "pipe",
      "holdfast.server": "fixture",
    });
    expect(eventsOf(call!)).toMatchObject([
      { name: "mcp.request.sent", "holdfast.epoch": 1, "holdfast.sending": 1 },
      { name: "mcp.request.lost", "holdfast.outcome": "unknown" },
      { name: "mcp.request.sent", "holdfast.epoch": 2, "holdfast.sending": 2 },
    ]);
    const noted = did().map((line) => JSON.parse(line) as Noted);
    const { traceId, spanId } = call!.spanContext();
    expect(noted).toMatchObject([
      { traceId, parent: spanId },
      { traceId, parent: spanId },
    ]);
    const reconnects = named("connect");
    expect(reconnects).toHaveLength(2);
    expect(eventsOf(reconnects[1]!).at(-1)).toMatchObject({ name: "connected.steady", "holdfast.epoch": 2 });
  });

  it("of a config are those of its servers, within the span of the caller", async () => {
    const look = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
    const transport = closing(
      new MCPConfigTransport({ name: "all", config: { mcpServers: { a: look, b: look } } }),
    );
    const { tracer, named } = tracing(transport);
    const session = await transport.connectSession();
    const agent = tracer.startSpan("agent");
    await context.with(trace.setSpan(context.active(), agent), () =>
      session.callTool({ name: "b_echo", arguments: { message: "x" } }),
    );
    const calls = named("tools/call echo");
    expect(calls.map(({ attributes }) => attributes["holdfast.server"])).toEqual(["b"]);
    expect(calls[0]!.parentSpanContext?.spanId).toBe(agent.spanContext().spanId);
    expect(named("tools/call b_echo")).toEqual([]);
  });

  it("say what went wrong, and hold what was said only where that is asked for, without secrets", async () => {
    const secret = "s3cr3t-value-of-the-server";
    const { transport } = stdioFixture({ env: { API_TOKEN: secret } });
    const { named } = tracing(transport, { content: true });
    const plain = tracing(
      closing(
        new StdioTransport({ name: "other", command: process.execPath, args: [fixture("stdio-server.mjs")] }),
      ),
    );
    expect(plain.spans()).toEqual([]);
    const session = await transport.connectSession();
    await session.callTool({ name: "echo", arguments: { message: `say ${secret}` } });
    const [echoed] = named("tools/call echo");
    expect(echoed!.attributes["gen_ai.tool.call.arguments"]).toMatch(/say \*\*\*|say \[/);
    expect(JSON.stringify(echoed!.attributes)).not.toContain(secret);
    await session.callTool({ name: "no-such-tool", arguments: {} });
    const [failed] = named("tools/call no-such-tool");
    expect(failed!.status.code).toBe(SpanStatusCode.ERROR);
    expect(failed!.attributes["error.type"]).toBe("tool_error");
    await rejection(session.readResource({ uri: "x://nothing" }));
    const [refused] = named("resources/read");
    expect(refused!.attributes).toMatchObject({ "mcp.resource.uri": "x://nothing", "error.type": "-32602" });
    await rejection(session.readResource({ uri: `x://${secret}/${"long".repeat(10_000)}` }));
    const [, longer] = named("resources/read");
    expect(longer!.status.message).toMatch(/x:/);
    expect(longer!.status.message).not.toContain(secret);
    expect(longer!.status.message!.length).toBeLessThanOrEqual(1_000);
    const lost = session.callTool({ name: "never", arguments: {} });
    await session.ping();
    process.kill(transport.status.pid!, "SIGKILL");
    await rejection(lost);
    const [unknown] = named("tools/call never");
    expect(unknown!.attributes).toMatchObject({
      "error.type": "CONNECTION_LOST",
      "holdfast.outcome": "unknown",
    });
  });

  it("go to all who trace a transport, and the server is sent the trace of the first", async () => {
    const { transport, did } = stdioFixture({ server: "traced-server.mjs" });
    const [first, second] = [tracing(transport), tracing(transport)];
    const session = await transport.connectSession();
    const look = () => session.callTool({ name: "look", arguments: { mark: join(temporary(), "mark") } });
    await session.listTools();
    await look();
    const call = first.named("tools/call look")[0]!;
    expect(eventsOf(call)).toHaveLength(3);
    expect(eventsOf(second.named("tools/call look")[0]!)).toHaveLength(3);
    const parents = () => did().map((line) => (JSON.parse(line) as Noted).parent);
    expect(new Set(parents())).toEqual(new Set([call.spanContext().spanId]));
    first.made.close();
    await look();
    expect(first.named("tools/call look")).toHaveLength(1);
    expect(second.named("tools/call look")).toHaveLength(2);
    expect(parents().at(-1)).toBe(second.named("tools/call look")[1]!.spanContext().spanId);
  });

  it("know how long the connection of a server lasted that is taken out of its config", async () => {
    const server = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
    const transport = closing(
      new MCPConfigTransport({ name: "all", config: { mcpServers: { a: server, b: server, c: server } } }),
    );
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter });
    const meterProvider = new MeterProvider({ readers: [reader] });
    onTestFinished(() => meterProvider.shutdown());
    tracing(transport, { meterProvider });
    await transport.connectSession();
    await transport.setConfig({ mcpServers: { b: server, c: server } });
    await reader.forceFlush();
    const all = exporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics;
    const lasted = all.find(({ descriptor }) => descriptor.name === "mcp.client.session.duration");
    expect(
      lasted?.dataPoints.map(({ attributes, value }) => [attributes["holdfast.server"], value]),
    ).toMatchObject([["a", { count: 1 }]]);
  });

  it("of a config whose second server comes later are still those of its servers", async () => {
    const server = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
    const transport = closing(new MCPConfigTransport({ name: "all", config: { mcpServers: { a: server } } }));
    const { spans } = tracing(transport);
    const session = await transport.connectSession();
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    await transport.setConfig({ mcpServers: { a: server, b: server } });
    await session.callTool({ name: "b_echo", arguments: { message: "x" } });
    await transport.setConfig({ mcpServers: { a: server } });
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    const calls = spans().filter(({ name }) => name.startsWith("tools/call"));
    expect(calls.map(({ name }) => name)).toEqual(Array(3).fill("tools/call echo"));
  });

  it("end with close, and count what they saw in the histograms of the conventions", async () => {
    const { transport } = stdioFixture();
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter });
    const meterProvider = new MeterProvider({ readers: [reader] });
    onTestFinished(() => meterProvider.shutdown());
    const { made, spans } = tracing(transport, { meterProvider });
    const session = await transport.connectSession();
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    made.close();
    const before = spans().length;
    await session.callTool({ name: "echo", arguments: { message: "x" } });
    expect(spans()).toHaveLength(before);
    await reader.forceFlush();
    const [{ scopeMetrics }] = exporter.getMetrics() as [ReturnType<typeof exporter.getMetrics>[number]];
    const [duration] = scopeMetrics[0]!.metrics;
    expect(duration!.descriptor).toMatchObject({ name: "mcp.client.operation.duration", unit: "s" });
    expect(
      duration!.dataPoints.map(({ attributes, value }) => [attributes["mcp.method.name"], value]),
    ).toMatchObject([["tools/call", { count: 1 }]]);
  });
});
