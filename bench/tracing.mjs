// npm run bench:tracing: what tracing costs a call, in CPU, beside the same spans made by hand around the same calls. All take turns in
// one process, and ratios are taken within each round, so that they hold on a busy machine.
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { MemoryTransport } from "../dist/bundle/index.js";
import { otel } from "../dist/bundle/otel.js";
import { median, option } from "./options.mjs";
import { memoryServer } from "./smallest-server.mjs";
import { CALL } from "./targets.mjs";

const rounds = option("--rounds", 15);
const calls = option("--calls", 3_000);
const isJson = process.argv.includes("--json");

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
// As a batch would: it takes the spans, and is not part of what is measured.
const spanProcessors = [{ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }];
const tracerProvider = new BasicTracerProvider({ spanProcessors });

const tracer = tracerProvider.getTracer("by hand");
const attributes = {
  "holdfast.server": "memory",
  "network.transport": "inproc",
  "mcp.method.name": "tools/call",
  "gen_ai.tool.name": CALL.name,
  "gen_ai.operation.name": "execute_tool",
};
let id = 0;

/** The same span as ours has, with the same event. */
async function byHand(session, carry) {
  const parent = context.active();
  const span = tracer.startSpan(`tools/call ${CALL.name}`, { kind: SpanKind.CLIENT, attributes }, parent);
  const request = String(++id);
  span.addEvent("mcp.request.sent", {
    "jsonrpc.request.id": request,
    "holdfast.epoch": 1,
    "holdfast.sending": 1,
  });
  const result = await session.callTool(carry ? carry(parent, span) : CALL);
  span.setAttribute("jsonrpc.request.id", request);
  span.setAttribute("mcp.protocol.version", "2025-11-25");
  span.end();
  return result;
}

/** With the context in `_meta`, without which the server's span is in no tree. */
function carrying(parent, span) {
  const _meta = {};
  propagation.inject(trace.setSpan(parent, span), _meta);
  return { ...CALL, _meta };
}

const open = () => new MemoryTransport({ name: "memory", server: memoryServer(), era: "legacy" });
const [plain, never, traced] = [open(), open(), open()];
const [off, ended, on] = await Promise.all(
  [plain, never, traced].map((transport) => transport.connectSession()),
);
otel(traced, { tracerProvider });
// Was traced once, and is no more.
otel(never, { tracerProvider }).close();

const ways = {
  off: () => off.callTool(CALL),
  "tracing ended": () => ended.callTool(CALL),
  "spans that reach no server": () => byHand(off),
  "spans by hand": () => byHand(off, carrying),
  "otel()": () => on.callTool(CALL),
};

async function turn(call) {
  const before = process.cpuUsage();
  for (let left = calls; left > 0; left--) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const names = Object.keys(ways);
const seen = [];
for (let round = -3; round < rounds; round++) {
  const costs = {};
  for (let i = 0; i < names.length; i++) {
    const name = names[(i + round + 3) % names.length];
    costs[name] = await turn(ways[name]);
  }
  if (round >= 0) seen.push(costs);
}
await Promise.all([plain, never, traced].map((transport) => transport.close()));

const middle = (of) => median(seen.map(of));
const beside = (base) => middle((costs) => (costs["otel()"] - costs.off) / (costs[base] - costs.off));
const figures = {
  cpu: Object.fromEntries(names.map((name) => [name, middle((costs) => costs[name])])),
  /** What tracing adds to a call beside what the spans by hand add, and beside those whose context is not sent. */
  added: beside("spans by hand"),
  addedBesideUnsent: beside("spans that reach no server"),
  /** A traced call beside one with spans by hand. */
  whole: middle((costs) => costs["otel()"] / costs["spans by hand"]),
  wholeBesideUnsent: middle((costs) => costs["otel()"] / costs["spans that reach no server"]),
  off: middle((costs) => costs["tracing ended"] / costs.off),
};
const shown = (ratio) => ratio.toFixed(2);
if (isJson) console.log(JSON.stringify(figures));
else {
  for (const [name, cpu] of Object.entries(figures.cpu))
    console.log(`${name}: ${cpu.toFixed(1)} us of CPU a call`);
  console.log(
    `otel() adds ${shown(figures.added)} of what spans by hand add (1.3 allowed), a whole call ${shown(figures.whole)}`,
  );
  const { addedBesideUnsent, wholeBesideUnsent } = figures;
  console.log(
    `beside spans by hand that reach no server: ${shown(addedBesideUnsent)}, a whole call ${shown(wholeBesideUnsent)}`,
  );
  console.log(`a call that is not traced any more: ${shown(figures.off)} of one that never was`);
}
