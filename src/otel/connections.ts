import type { Attributes, Span, Tracer } from "@opentelemetry/api";
import type { InspectionEvent } from "../contract/inspection.js";
import { api } from "./api.js";
import { failed, NAMES, networkOf } from "./attributes.js";
import type { Instruments } from "./instruments.js";

type Of<T extends InspectionEvent["type"]> = Extract<InspectionEvent, { type: T }>;

interface Known {
  attributes: Attributes;
  /** While the connection is being made: from the first attempt to the end of the last. */
  span?: Span | undefined;
  /** When its wire was opened, epoch ms. */
  openedAt?: number | undefined;
}

/**
 * A span for each time that a connection is made, with its transitions as events. One that would last as long as the connection
 * could only be seen after its end.
 */
export class Connections {
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly tracer: Tracer,
    private readonly instruments: Instruments,
  ) {}

  hear(event: InspectionEvent): void {
    if (event.type === "appeared" && event.kind !== "config") this.#known.set(event.id, appeared(event));
    const known = this.#known.get(event.id);
    if (!known) return;
    if (event.type === "transition") this.#moved(known, event);
    if (event.type === "wire.opened") known.openedAt = event.at;
    if (event.type === "ended") {
      this.#lasted(known, event.at);
      known.span?.end();
      this.#known.delete(event.id);
    }
  }

  close(): void {
    for (const { span } of this.#known.values()) span?.end();
    this.#known.clear();
  }

  /** A connection that is there no more, or is watched no more. */
  #lasted(known: Known, at: number, code?: string): void {
    if (known.openedAt === undefined) return;
    this.instruments.sessions.record(Math.max(0, at - known.openedAt) / 1_000, {
      ...known.attributes,
      ...(code !== undefined && { [NAMES.errorType]: code }),
    });
    known.openedAt = undefined;
  }

  #moved(known: Known, event: Of<"transition">): void {
    const { from, to, at, cause, epoch, attempt, code, reason } = event;
    const [was, is] = [from, to].map((state) => state.split(".")[0]);
    if (was === "connected" && is !== "connected") this.#lasted(known, at, code);
    if (is === "connecting" && was !== "connecting")
      known.span = this.tracer.startSpan("connect", {
        kind: api().SpanKind.CLIENT,
        startTime: at,
        root: true,
        attributes: known.attributes,
      });
    known.span?.addEvent(
      to,
      { cause, [NAMES.epoch]: epoch, attempt, ...(reason !== undefined && { reason }) },
      at,
    );
    if (is === "connecting" || !known.span) return;
    if (is !== "connected" && code !== undefined) {
      known.span.setAttribute(NAMES.errorType, code);
      failed(known.span, reason ?? code);
    }
    known.span.setAttribute(NAMES.epoch, epoch);
    known.span.end(at);
    known.span = undefined;
  }
}

const appeared = ({ name, kind, state, since }: Of<"appeared">): Known => ({
  attributes: { [NAMES.server]: name, [NAMES.network]: networkOf(kind) },
  openedAt: state.startsWith("connected") ? since : undefined,
});
