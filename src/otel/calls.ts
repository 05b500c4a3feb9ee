import {
  type Attributes,
  type Context,
  type Tracer as OtelTracer,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Outcome } from "../base/errors.js";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { CallTrace, ServedTracer, TracedCall, TracedEnd, Tracer } from "../contract/trace.js";
import { callAttributes, errorAttributes, NAMES, networkOf, sessionIdShown, spanName } from "./attributes.js";
import type { Instruments } from "./instruments.js";
import { carrierOf, parentOf } from "./propagated.js";

/** Of a config: passes on the trace of its caller to the server, whose call has the span. */
export const passing = (served: ServedTracer): Tracer => ({
  served,
  call({ params }) {
    const carrier = carrierOf(parentOf(params));
    return { sends: () => carrier, resent() {}, ended() {} };
  },
});

/** What is the same for all calls of a transport. */
export interface Traced {
  name: string;
  kind: string;
}

/** Gives each call of a transport a span. */
export class CallTracer implements Tracer {
  readonly #attributes: Attributes;

  constructor(
    private readonly tracer: OtelTracer,
    private readonly instruments: Instruments,
    { name, kind }: Traced,
    private readonly content: boolean,
    readonly served: ServedTracer,
  ) {
    this.#attributes = { [NAMES.server]: name, [NAMES.network]: networkOf(kind) };
  }

  call(call: TracedCall): CallTrace {
    const parent = parentOf(call.params);
    const attributes = { ...this.#attributes, ...callAttributes(call) };
    const span = this.tracer.startSpan(spanName(call), { kind: SpanKind.CLIENT, attributes }, parent);
    const text = this.content ? (value: unknown) => JSON.stringify(call.shown(value)) : undefined;
    const { arguments: given } = fieldsOf(call.params);
    if (text && given !== undefined) span.setAttribute(NAMES.arguments, text(given));
    return new SpannedCall({ span, parent, attributes }, this.instruments, text);
  }
}

interface Begun {
  span: Span;
  parent: Context;
  attributes: Attributes;
}

class SpannedCall implements CallTrace {
  readonly #startedAt = performance.now();
  #sendings = 0;
  readonly #carrier: Readonly<Record<string, string>>;

  constructor(
    private readonly begun: Begun,
    private readonly instruments: Instruments,
    /** Undefined: the result is left out. */
    private readonly text: ((value: unknown) => string) | undefined,
  ) {
    this.#carrier = carrierOf(trace.setSpan(begun.parent, begun.span));
  }

  sends({ id, epoch }: { id: string | number; epoch: number }): Readonly<Record<string, string>> {
    const { span } = this.begun;
    const requestId = String(id);
    span.addEvent("mcp.request.sent", {
      [NAMES.requestId]: requestId,
      [NAMES.epoch]: epoch,
      "holdfast.sending": ++this.#sendings,
    });
    span.setAttribute(NAMES.requestId, requestId);
    return this.#carrier;
  }

  resent(outcome: Outcome): void {
    this.begun.span.addEvent("mcp.request.lost", { [NAMES.outcome]: outcome });
  }

  ended(how: TracedEnd): void {
    const { span, attributes } = this.begun;
    const { end, error, result, protocolVersion, sessionId } = how;
    const wrong = errorAttributes(how);
    span.setAttributes({
      ...wrong,
      ...(protocolVersion !== undefined && { [NAMES.protocolVersion]: protocolVersion }),
      ...(sessionId !== undefined && { [NAMES.sessionId]: sessionIdShown(sessionId) }),
      ...(this.text && result !== undefined && { [NAMES.result]: this.text(result) }),
    });
    if (end !== "answered") {
      const message = error === undefined ? "the tool reported an error" : messageOf(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    span.end();
    this.instruments.operations.record((performance.now() - this.#startedAt) / 1_000, {
      ...attributes,
      ...wrong,
      // There may be any number of addresses, and each would be a series of its own.
      [NAMES.uri]: undefined,
    });
  }
}
