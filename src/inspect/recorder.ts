import { visible } from "../base/visible.js";
import type { InspectionEvent } from "../contract/inspection.js";
import { FIRST_LINE, FULL, linesOf } from "../recording/lines.js";

type Appeared = Extract<InspectionEvent, { type: "appeared" }>;
type Opened = Extract<InspectionEvent, { type: "wire.opened" }>;

/** The state of a connection before the oldest event that is still kept. Without it later events could not be understood. */
interface Base {
  appeared: Appeared;
  wire?: Opened | undefined;
  /** Calls that began before that event and had not ended. */
  open: Map<number, InspectionEvent>;
}

/** What pages and recordings hold of an event: its texts are names and words of servers, and recordings are read on terminals. */
function shown(event: InspectionEvent): InspectionEvent {
  let copy: Record<string, unknown> | undefined;
  for (const [field, value] of Object.entries(event)) {
    const text = typeof value === "string" ? visible(value) : value;
    if (text !== value) copy = { ...(copy ?? event), [field]: text };
  }
  return (copy as InspectionEvent | undefined) ?? event;
}

/** Keeps the last events of all connections, for pages that are opened later. */
export class Recorder {
  readonly #ring: InspectionEvent[] = [];
  readonly #bases = new Map<string, Base>();
  readonly #listeners = new Set<(event: InspectionEvent) => void>();

  /** `capacity`: how many events are kept at least. */
  constructor(private readonly capacity: number) {}

  add(given: InspectionEvent): void {
    const event = shown(given);
    this.#ring.push(event);
    // Old events are removed many at a time, because removing one from the front moves all others.
    if (this.#ring.length >= this.capacity * 1.25)
      for (const old of this.#ring.splice(0, this.#ring.length - this.capacity)) this.#forget(old);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // If one listener throws, the others still get the event.
      }
    }
  }

  onEvent(listener: (event: InspectionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All events that are kept, oldest first, after events that describe the state before them. */
  events(): InspectionEvent[] {
    const before = [...this.#bases.values()].flatMap(({ appeared, wire, open }) => [
      appeared,
      ...(wire ? [wire] : []),
      ...open.values(),
    ]);
    return [...before, ...this.#ring];
  }

  #forget(event: InspectionEvent): void {
    const base = this.#bases.get(event.id);
    if (event.type === "appeared") this.#bases.set(event.id, { appeared: event, open: new Map() });
    else if (event.type === "ended") this.#bases.delete(event.id);
    else if (!base) return;
    else if (event.type === "transition") base.appeared = after(base.appeared, event);
    else if (event.type === "request.started") base.open.set(event.request, event);
    else if (event.type === "request.settled") base.open.delete(event.request);
    else if (event.type === "wire.opened") base.wire = event;
    else if (event.type === "wire.lost") base.wire = undefined;
  }
}

/** The state of a connection after a transition whose event is dropped. */
function after(before: Appeared, event: Extract<InspectionEvent, { type: "transition" }>): Appeared {
  const { at, to, epoch, attempt, delayMs, code, reason } = event;
  const { nextRetryAt: _, code: lastCode, reason: lastReason, ...rest } = before;
  const why = { code: code ?? lastCode, reason: reason ?? lastReason };
  const moved = to.split(".")[0] !== before.state.split(".")[0];
  return {
    ...rest,
    state: to,
    since: moved ? at : before.since,
    epoch,
    attempt,
    ...(delayMs !== undefined && { nextRetryAt: at + delayMs }),
    ...(!to.startsWith("connected") && why.code !== undefined && why),
  };
}

/** The fields that the page needs in an event of each kind. */
const FIELDS: Record<string, Record<string, "string" | "number">> = {
  appeared: { name: "string", kind: "string", state: "string", epoch: "number" },
  transition: { from: "string", to: "string", cause: "string", epoch: "number", attempt: "number" },
  "request.started": { request: "number", method: "string" },
  "request.settled": { request: "number", method: "string", durationMs: "number", end: "string" },
  stderr: { line: "string" },
};

/** Events as text, with one JSON object in each line. `holdfast inspect FILE.jsonl` shows it. */
export function toRecording(events: readonly InspectionEvent[]): string {
  return [FIRST_LINE, ...events.map((event) => JSON.stringify(event))].map((line) => `${line}\n`).join("");
}

/**
 * The events in the text of a recording. The messages that it may also hold are for `RecordedServer`.
 * @throws Error that says which line is wrong
 */
export function fromRecording(text: string): InspectionEvent[] {
  return linesOf(text).flatMap((line, i) => {
    if (line.type === "message" || line.type === FULL) return [];
    for (const [field, type] of Object.entries(FIELDS[line.type] ?? {}))
      if (typeof line[field] !== type)
        throw new Error(`line ${i + 2}: ${field} of ${JSON.stringify(line.type)} must be a ${type}`);
    return [line as unknown as InspectionEvent];
  });
}
