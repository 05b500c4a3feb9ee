import type { Attributes, Tracer as OtelTracer, Span } from "@opentelemetry/api";
import { fieldsOf } from "../base/fields.js";
import { isKnownMethod } from "../contract/methods.js";
import type {
  ClientNetwork,
  ServedAnswer,
  ServedRequest,
  ServedSession,
  ServedTrace,
  ServedTracer,
} from "../contract/trace.js";
import { api } from "./api.js";
import { callAttributes, failed, NAMES, sessionIdShown, spanName } from "./attributes.js";
import type { Instruments } from "./instruments.js";
import { carrierOf, parentOf } from "./propagated.js";

/** A client may ask for anything, and what it asks for names a span and a series. */
const MAX_NAME = 128;

/** Gives each request of a client a span. */
export class ServedSpans implements ServedTracer {
  constructor(
    private readonly tracer: OtelTracer,
    private readonly instruments: Instruments,
    private readonly server: string,
    private readonly content: boolean,
  ) {}

  request(request: ServedRequest): ServedTrace {
    const { id, params, network, protocolVersion, sessionId } = request;
    const call = { method: methodOf(request.method), name: request.name?.slice(0, MAX_NAME) };
    const parent = parentOf(params);
    const text = this.content ? (value: unknown) => JSON.stringify(request.shown(value)) : undefined;
    const { arguments: given } = fieldsOf(params);
    const attributes = {
      [NAMES.server]: this.server,
      ...networkOf(network),
      ...callAttributes(call),
      ...(protocolVersion !== undefined && { [NAMES.protocolVersion]: protocolVersion.slice(0, MAX_NAME) }),
    };
    const span = this.tracer.startSpan(
      spanName(call),
      {
        kind: api().SpanKind.SERVER,
        attributes: {
          ...attributes,
          [NAMES.requestId]: String(id).slice(0, MAX_NAME),
          ...(sessionId !== undefined && { [NAMES.sessionId]: sessionIdShown(sessionId) }),
          ...(text && given !== undefined && { [NAMES.arguments]: text(given) }),
        },
        links: ambient(parent),
      },
      parent,
    );
    const carrier = carrierOf(api().trace.setSpan(parent, span));
    return new ServedSpan(carrier, span, text, (seconds, wrong) =>
      this.instruments.servedOperations.record(seconds, { ...attributes, ...wrong, [NAMES.uri]: undefined }),
    );
  }

  ended({ durationMs, network, protocolVersion }: ServedSession): void {
    this.instruments.servedSessions.record(durationMs / 1_000, {
      [NAMES.server]: this.server,
      ...networkOf(network),
      ...(protocolVersion !== undefined && { [NAMES.protocolVersion]: protocolVersion }),
    });
  }
}

class ServedSpan implements ServedTrace {
  readonly #startedAt = performance.now();

  constructor(
    readonly carrier: Record<string, string>,
    private readonly span: Span,
    /** Undefined: the result is left out. */
    private readonly text: ((value: unknown) => string) | undefined,
    private readonly record: (seconds: number, wrong: Attributes) => void,
  ) {}

  ended(answer: ServedAnswer): void {
    const wrong = wrongIn(answer);
    this.span.setAttributes(wrong.attributes);
    if (wrong.message !== undefined) failed(this.span, wrong.message);
    if (this.text && answer.result !== undefined)
      this.span.setAttribute(NAMES.result, this.text(answer.result));
    this.span.end();
    this.record((performance.now() - this.#startedAt) / 1_000, wrong.attributes);
  }
}

const methodOf = (method: string): string =>
  method === "initialize" || isKnownMethod(method) ? method : "_OTHER";

const networkOf = (network: ClientNetwork): Attributes => ({
  [NAMES.network]: network,
  ...(network === "tcp" && { [NAMES.networkProtocol]: "http" }),
});

/** The request that carries this one, as an instrumentation of HTTP knows it: it is another trace where its client names one. */
function ambient(parent: ReturnType<typeof parentOf>) {
  const { context, trace } = api();
  const around = trace.getSpanContext(context.active());
  const within = trace.getSpanContext(parent);
  return around && around.spanId !== within?.spanId ? [{ context: around }] : [];
}

function wrongIn({ result, error, gone }: ServedAnswer): { attributes: Attributes; message?: string } {
  if (gone) return { attributes: { [NAMES.errorType]: "cancelled" }, message: "the client did not wait" };
  if (error) {
    const type = String(error.code);
    return {
      attributes: { [NAMES.errorType]: type, [NAMES.statusCode]: type },
      message: error.message,
    };
  }
  if (fieldsOf(result)["isError"] !== true) return { attributes: {} };
  return { attributes: { [NAMES.errorType]: "tool_error" }, message: "the tool reported an error" };
}
