import { fieldsOf, isObject } from "../base/fields.js";
import { factsOf } from "../contract/methods.js";
import { STANDING } from "../contract/protocol.js";

export type Id = string | number;

/** A JSON-RPC message as it was parsed; nothing of it is checked. */
export interface Message {
  id?: unknown;
  method?: unknown;
  params?: unknown;
  result?: unknown;
  error?: unknown;
}

/** A request of the client that has no answer yet. */
export interface Flight {
  readonly id: Id;
  readonly method: string;
  readonly name: unknown;
  readonly params: unknown;
  /** As the client wrote it. */
  readonly line: Buffer;
  /** How often it was written to a daemon. */
  sent: number;
  /** The number of the daemon that it was written to last; 0: none. */
  epoch: number;
}

/** A request that was lost so often is not sent again. */
const MAX_SENDINGS = 5;

export const isId = (id: unknown): id is Id => typeof id === "string" || typeof id === "number";

/** What a client's requests are, that its next daemon may be told what it may do again. */
export class Flights {
  readonly #all = new Map<Id, Flight>();
  /** The tools that only read or may be repeated, as they were listed last. */
  readonly #repeatable = new Set<unknown>();

  get size(): number {
    return this.#all.size;
  }

  begin(id: Id, { method, params }: Message, line: Buffer): Flight {
    const flight = {
      id,
      method: String(method),
      name: fieldsOf(params)["name"],
      params,
      line,
      sent: 0,
      epoch: 0,
    };
    this.#all.set(id, flight);
    return flight;
  }

  /** Answered, or wanted no more. Undefined: nobody waits for it. */
  end(id: unknown): Flight | undefined {
    const flight = isId(id) ? this.#all.get(id) : undefined;
    if (flight) this.#all.delete(flight.id);
    return flight;
  }

  /** In the order in which they began. */
  all(): Flight[] {
    return [...this.#all.values()];
  }

  /** Whether an answer of the daemon of this number is waited for, or of any; a stream that only listens may not count. */
  isAwaited(epoch?: number, streams = false): boolean {
    return this.all().some(
      (flight) => (epoch === undefined || flight.epoch === epoch) && (streams || flight.method !== STANDING),
    );
  }

  /** Learns from a list of tools which of them may be called twice. */
  learn(result: unknown): void {
    const { tools } = fieldsOf(result);
    if (!Array.isArray(tools)) return;
    for (const tool of tools) {
      const { name, annotations } = fieldsOf(tool);
      const { readOnlyHint, idempotentHint } = fieldsOf(annotations);
      if (readOnlyHint === true || idempotentHint === true) this.#repeatable.add(name);
      else this.#repeatable.delete(name);
    }
  }

  /** Whether it may be sent once more: it was not sent yet, or doing it twice is the same as doing it once. */
  mayGoAgain({ method, name, sent }: Flight): boolean {
    if (sent === 0) return true;
    if (sent >= MAX_SENDINGS) return false;
    if (method === "tools/call") return this.#repeatable.has(name);
    return ALWAYS.has(method) || factsOf(method).repeatable === true;
  }
}

/** The beginning of a session, and a stream that only listens. */
const ALWAYS = new Set(["initialize", STANDING]);

/** Undefined: it is not one message. */
export function parsed(line: Buffer): Message | undefined {
  try {
    const message: unknown = JSON.parse(line.toString());
    return isObject(message) && !Array.isArray(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
