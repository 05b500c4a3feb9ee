import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCResultResponse,
  RequestId,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { STANDING } from "../contract/protocol.js";
import { canonical } from "./canonical.js";
import { FULL, isMessageLine, type Line, type RecordedMessage } from "./lines.js";

/** A message that answers a request. */
export type Answer = JSONRPCResultResponse | JSONRPCErrorResponse;

/** Something that the client sent, and all that the server said to it. */
export interface Exchange {
  readonly method: string;
  /** The parameters without `_meta`, as one text whatever the order of their fields. */
  readonly params: string;
  /** The id of the request; undefined: a notification. */
  readonly id: RequestId | undefined;
  readonly progressToken: unknown;
  /** In the order in which it came. The answer is one of them. */
  readonly said: JSONRPCMessage[];
  /** The ids of the server's questions among them that the client answered while the server wanted to know. */
  readonly answered: Set<RequestId>;
  answer?: Answer;
}

/** What a recording holds for a player. */
export interface Script {
  readonly exchanges: readonly Exchange[];
  /** It ended before its connection did, because it was full. */
  readonly isCut: boolean;
}

/** With it a server says that it no longer wants an answer. */
export const CANCELLED = "notifications/cancelled";

/** One wire of the recording, as it is read. */
class RecordedWire {
  readonly #open = new Map<RequestId, Exchange>();
  readonly #byToken = new Map<unknown, Exchange>();
  /** What the server asked and was not told, with the exchange in which it asked. */
  readonly #questions = new Map<unknown, Exchange>();
  /** What came before the client said anything. */
  readonly #early: JSONRPCMessage[] = [];
  #last: Exchange | undefined;

  sent(message: JSONRPCMessage): Exchange | undefined {
    if (!("method" in message)) {
      if (message.id !== undefined) this.#questions.get(message.id)?.answered.add(message.id);
      return undefined;
    }
    const { method, params } = message;
    const id = "id" in message ? message.id : undefined;
    const { progressToken } = fieldsOf(fieldsOf(params)["_meta"]);
    const exchange: Exchange = {
      method,
      params: canonical(params),
      id,
      progressToken,
      said: this.#early.splice(0),
      answered: new Set(),
    };
    if (id !== undefined) this.#open.set(id, exchange);
    if (progressToken !== undefined) this.#byToken.set(progressToken, exchange);
    this.#last = exchange;
    return exchange;
  }

  received(message: JSONRPCMessage): void {
    if (!("method" in message)) this.#answered(message);
    else {
      const { progressToken } = fieldsOf(message.params);
      const cause = this.#byToken.get(progressToken) ?? this.#current() ?? this.#last;
      (cause?.said ?? this.#early).push(message);
      if ("id" in message && cause) this.#questions.set(message.id, cause);
      if (message.method === CANCELLED) this.#questions.delete(fieldsOf(message.params)["requestId"]);
    }
  }

  #answered(message: Answer): void {
    const exchange = message.id === undefined ? undefined : this.#open.get(message.id);
    if (!exchange) return;
    this.#open.delete(message.id!);
    exchange.answer = message;
    exchange.said.push(message);
  }

  /** What the server is most likely at work on: the newest request that has no answer. */
  #current(): Exchange | undefined {
    return [...this.#open.values()].findLast(({ method }) => method !== STANDING);
  }
}

/** Puts the lines of a recording in order: what was asked, and what was said to it. */
export function scriptOf(lines: readonly Line[]): Script {
  const wires = new Map<string, RecordedWire>();
  const exchanges: Exchange[] = [];
  for (const line of lines) {
    if (!isMessageLine(line)) continue;
    const wire = wireOf(wires, line);
    if (line.direction === "in") wire.received(line.message);
    else {
      const exchange = wire.sent(line.message);
      if (exchange) exchanges.push(exchange);
    }
  }
  return { exchanges: exchanges.filter(isPlayable), isCut: lines.some(({ type }) => type === FULL) };
}

function wireOf(wires: Map<string, RecordedWire>, { id, epoch }: RecordedMessage): RecordedWire {
  const key = `${epoch} ${id}`;
  const wire = wires.get(key) ?? new RecordedWire();
  wires.set(key, wire);
  return wire;
}

/** A request that was lost, cancelled or never answered was sent again, or nobody wanted its answer. */
const isPlayable = ({ id, answer, method }: Exchange): boolean =>
  id === undefined || answer !== undefined || method === STANDING;
