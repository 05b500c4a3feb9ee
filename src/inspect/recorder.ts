import { fieldsOf } from "../base/fields.js";
import type { InspectionEvent } from "../contract/inspection.js";

type Appeared = Extract<InspectionEvent, { type: "appeared" }>;
type Opened = Extract<InspectionEvent, { type: "wire.opened" }>;

/** What must be known of a server to read what follows, though the events that told it are gone. */
interface Base {
  appeared: Appeared;
  wire?: Opened | undefined;
  /** Calls that are still running. */
  open: Map<number, InspectionEvent>;
}

/** The last events of all connections; a page that is opened late sees what went before. */
export class Recorder {
  readonly #ring: InspectionEvent[] = [];
  readonly #bases = new Map<string, Base>();
  readonly #listeners = new Set<(event: InspectionEvent) => void>();

  /** Keeps so many events at least. */
  constructor(private readonly capacity: number) {}

  add(event: InspectionEvent): void {
    this.#ring.push(event);
    // In one piece from time to time: taking one off the front for each would move all the others.
    if (this.#ring.length >= this.capacity * 1.25)
      for (const old of this.#ring.splice(0, this.#ring.length - this.capacity)) this.#forget(old);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // One that throws must not keep the event from the others.
      }
    }
  }

  onEvent(listener: (event: InspectionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything that is known, the oldest first. */
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

/** How a server is after a transition that will be forgotten. */
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

/** What an event of each kind must have for the page to show it. */
const FIELDS: Record<string, Record<string, "string" | "number">> = {
  appeared: { name: "string", kind: "string", state: "string", epoch: "number" },
  transition: { from: "string", to: "string", cause: "string", epoch: "number", attempt: "number" },
  "request.started": { request: "number", method: "string" },
  "request.settled": { request: "number", method: "string", durationMs: "number", end: "string" },
  stderr: { line: "string" },
};

/** One line for each event: a bug report that a person can look at with `holdfast inspect FILE`. */
export function toRecording(events: readonly InspectionEvent[]): string {
  return [{ type: "recording", version: 1 }, ...events].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** @throws Error that says which line is wrong */
export function fromRecording(text: string): InspectionEvent[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.flatMap((line, i) => {
    let value: Partial<InspectionEvent> & { version?: number };
    try {
      value = JSON.parse(line);
    } catch {
      throw new Error(`line ${i + 1} is not JSON`);
    }
    if (i === 0) {
      if (fieldsOf(value)["type"] !== "recording" || value.version !== 1)
        throw new Error("it is not a recording of holdfast (its first line says so in one)");
      return [];
    }
    if (typeof value?.at !== "number" || typeof value.id !== "string" || typeof value.type !== "string")
      throw new Error(`line ${i + 1} is no event: at, id or type is missing`);
    for (const [field, type] of Object.entries(FIELDS[value.type] ?? {}))
      if (typeof fieldsOf(value)[field] !== type)
        throw new Error(`line ${i + 1}: ${field} of ${JSON.stringify(value.type)} must be a ${type}`);
    return [value as InspectionEvent];
  });
}
