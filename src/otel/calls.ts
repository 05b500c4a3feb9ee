import type { Attributes, Context, Tracer as OtelTracer, Span } from "@opentelemetry/api";
import type { Outcome } from "../base/errors.js";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { CallTrace, Redacting, ServedTracer, TracedCall, TracedEnd, Tracer } from "../contract/trace.js";
import { api } from "./api.js";
import {
  callAttributes,
  errorAttributes,
  failed,
  NAMES,
  networkOf,
  sessionIdShown,
  spanName,
} from "./attributes.js";
import type { Instruments } from "./instruments.js";
import { carrierOf, parentOf } from "./propagated.js";

/** Of a config: passes on the trace of its caller to the server, whose call has the span. */
export const passing = (served: ServedTracer): Tracer => ({
  served,
  call({ params }) {
    const carrier = carrierOf(parentOf(params));
    return { traceId: undefined, sends: () => carrier, resent() {}, ended() {} };
  },
});

/** What is the same for all calls of a transport. */
export interface Traced {
  name: string;
  kind: string;
}

/** What is the same for all calls of one tool. Nobody changes it: OpenTelemetry copies what it is given. */
interface Called {
  method: string;
  name: string;
  attributes: Attributes;
}

/** Of more, the attributes are made anew for each call. */
const MAX_CALLED = 500;

/** Gives each call of a transport a span. */
export class CallTracer implements Tracer {
  readonly #attributes: Attributes;
  readonly #called = new Map<string, Called>();

  constructor(
    private readonly tracer: OtelTracer,
    private readonly instruments: Instruments,
    { name, kind }: Traced,
    private readonly content: boolean,
    readonly served: ServedTracer,
  ) {
    this.#attributes = { [NAMES.server]: name, [NAMES.network]: networkOf(kind) };
  }

  call(call: TracedCall, by: Redacting): CallTrace {
    const { trace, SpanKind } = api();
    const parent = parentOf(call.params);
    const { name, attributes } = this.#calledOf(call);
    const span = this.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
    if (!this.content)
      return new SpannedCall(span, trace.setSpan(parent, span), attributes, this.instruments);
    const text = (value: unknown) => JSON.stringify(by.shown(value));
    const { arguments: given } = fieldsOf(call.params);
    if (given !== undefined) span.setAttribute(NAMES.arguments, text(given));
    return new SpannedCall(span, trace.setSpan(parent, span), attributes, this.instruments, text);
  }

  #calledOf(call: TracedCall): Called {
    const { method } = call;
    const key = call.name ?? method;
    const known = this.#called.get(key);
    if (known?.method === method) return known;
    const attributes = { ...this.#attributes, ...callAttributes(call) };
    const called = { method, name: spanName(call), attributes };
    if (this.#called.size < MAX_CALLED) this.#called.set(key, called);
    return called;
  }
}

class SpannedCall implements CallTrace {
  readonly #startedAt = performance.now();
  #sendings = 0;
  #carrier: Record<string, string> | undefined;
  #requestId = "";

  constructor(
    private readonly span: Span,
    private readonly within: Context,
    private readonly attributes: Attributes,
    private readonly instruments: Instruments,
    /** Undefined: the result is left out. */
    private readonly text?: (value: unknown) => string,
  ) {}

  get traceId(): string {
    return this.span.spanContext().traceId;
  }

  sends({ id, epoch }: { id: string | number; epoch: number }): Record<string, string> {
    this.#requestId = String(id);
    this.span.addEvent("mcp.request.sent", {
      [NAMES.requestId]: this.#requestId,
      [NAMES.epoch]: epoch,
      "holdfast.sending": ++this.#sendings,
    });
    this.#carrier ??= carrierOf(this.within);
    return this.#carrier;
  }

  resent(outcome: Outcome): void {
    this.span.addEvent("mcp.request.lost", { [NAMES.outcome]: outcome });
  }

  ended(how: TracedEnd): void {
    const { span } = this;
    const { end, error, result, protocolVersion, sessionId } = how;
    if (this.#sendings > 0) span.setAttribute(NAMES.requestId, this.#requestId);
    if (protocolVersion !== undefined) span.setAttribute(NAMES.protocolVersion, protocolVersion);
    if (sessionId !== undefined) span.setAttribute(NAMES.sessionId, sessionIdShown(sessionId));
    if (this.text && result !== undefined) span.setAttribute(NAMES.result, this.text(result));
    const wrong = end === "answered" ? undefined : errorAttributes(how);
    if (wrong) {
      const message = error === undefined ? "the tool reported an error" : messageOf(error);
      failed(span.setAttributes(wrong), message);
    }
    span.end();
    this.instruments.operations.record(
      (performance.now() - this.#startedAt) / 1_000,
      seriesOf(this.attributes, wrong),
    );
  }
}

/** There may be any number of addresses, and each would be a series of its own. */
function seriesOf(attributes: Attributes, wrong: Attributes | undefined): Attributes {
  if (wrong === undefined && attributes[NAMES.uri] === undefined) return attributes;
  return { ...attributes, ...wrong, [NAMES.uri]: undefined };
}
