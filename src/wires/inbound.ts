import {
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type MessageExtraInfo,
  ProtocolErrorCode,
  type RequestId,
  type Transport,
} from "@modelcontextprotocol/client";
import { Breaches } from "../base/breaches.js";
import { type Fields, fieldsOf } from "../base/fields.js";
import { factsOf } from "../contract/methods.js";
import { DEFAULTS } from "../contract/options.js";
import type { UnaskedRule, UnreadableAnswer } from "../contract/wire.js";
import type { InvalidAnswer } from "./answers/invalid-answer.js";
import { type Reading, readMessage, readUnreadable } from "./answers/read.js";
import { CALL, type Carried } from "./call-tag.js";
import { InOrder } from "./in-order.js";
import type { Ledger } from "./ledger.js";

/** What a request of the server is answered without being handed on. */
export type AnswerAtOnce = { result: Record<string, never> } | { error: { code: number; message: string } };

/** What a server may make its wire hold. Undefined: the default. */
export interface WireLimits {
  readonly maxUnaskedPerSecond?: number | undefined;
  readonly maxReceivingBytes?: number | undefined;
  readonly maxUnsentAnswers?: number | undefined;
}

export interface InboundHooks {
  /** A request of the server came in; undefined: it is the Client's. */
  atOnce?(method: string): AnswerAtOnce | undefined;
  /** Whether anybody listens to such notifications. Default: they are heard. */
  isHeard?(method: string): boolean;
  /** A notification came in, before the Client sees it; `carrier`: whose request carried it, where one did. */
  onNotification?(message: JSONRPCNotification, carrier?: Carried[typeof CALL]): void;
  /** Takes a notification for the Client, whose own way in holds each message against a schema of every kind. Default: that way. */
  toClient?(message: JSONRPCNotification, extra?: MessageExtraInfo): void;
  /** An answer came in whose request is a list, before the Client sees it; `cursor`: where the page begins, if not at first. */
  onList?(method: string, result: object, cursor: unknown): void;
  /** An answer to nobody: late, duplicate or invented. It was dropped. */
  onStray?: ((message: unknown) => void) | undefined;
  limits?: WireLimits;
  /** A part of an answer could not be used and was left out: a clause that says which. */
  onWarning?(message: string): void;
}

/** The guard, as what comes in sees it. */
export interface Door extends Pick<Transport, "onmessage" | "send"> {
  readonly hooks: InboundHooks;
  readonly down: unknown;
  settle(id: RequestId, why: InvalidAnswer): boolean;
  report(error: unknown): void;
}

/** What comes in over one wire: read as it is meant, and handed to the Client in order. */
export class Inbound implements UnaskedRule {
  received = 0;
  /** Notifications that nobody listens to, since the last flood was told. */
  #unheard = 0;
  readonly #inOrder = new InOrder();
  readonly #breaches = new Breaches((message) => this.door.hooks.onWarning?.(message));

  constructor(
    private readonly door: Door,
    private readonly ledger: Ledger,
  ) {}

  get perSecond(): number {
    return this.door.hooks.limits?.maxUnaskedPerSecond ?? DEFAULTS.maxUnaskedPerSecond;
  }

  get maxReceivingBytes(): number | undefined {
    return this.door.hooks.limits?.maxReceivingBytes;
  }

  isAsked(message: JSONRPCMessage): boolean {
    return !("method" in message) && this.ledger.idOf(message.id) !== undefined;
  }

  onFlood(): void {
    const most = this.perSecond.toLocaleString("en");
    this.#breaches.note(
      `it sends more than ${most} messages a second that nobody asked for, and is read more slowly (maxUnaskedPerSecond)`,
    );
    if (this.#unheard > 0)
      this.#breaches.note("a notification that nobody listens to was left out", this.#unheard);
    this.#unheard = 0;
  }

  onFull(most: number): void {
    this.#breaches.note(
      `a message was thrown away: the program receives ${most.toLocaleString("en")} bytes of others at once (maxReceivingBytes)`,
    );
  }

  message(message: unknown, extra?: Carried): void {
    if (this.#isUnheard(fieldsOf(message))) {
      this.received++;
      this.#unheard++;
    } else this.#receive(() => readMessage(message, this.ledger), extra);
  }

  unreadable(answer: UnreadableAnswer): void {
    this.#receive(() => readUnreadable(answer, this.ledger));
  }

  /** A notification for nobody is not looked at any further: most of what floods is a log that nobody reads. */
  #isUnheard(message: Fields): boolean {
    const { method } = message;
    if (typeof method !== "string" || "id" in message || "result" in message || "error" in message)
      return false;
    return this.door.hooks.isHeard?.(method) === false;
  }

  /** Nothing that a server sends throws into the program, whose pipes and sockets call this. */
  #receive(read: () => Reading, extra?: Carried): void {
    const { door } = this;
    if (door.down) return;
    this.received++;
    try {
      this.#deliver(read(), extra);
    } catch (error) {
      door.report(error);
    }
  }

  #deliver(reading: Reading, extra?: Carried): void {
    const { hooks } = this.door;
    if (reading.kind === "said") {
      if (!("id" in reading.message)) {
        this.#notified(reading.message as JSONRPCNotification, extra);
      } else if (!this.#answered(reading.message as JSONRPCRequest))
        this.door.onmessage?.(reading.message, extra);
    } else if (reading.kind === "stray") {
      this.ledger.late(fieldsOf(reading.message)["id"]);
      hooks.onStray?.(reading.message);
    } else if (reading.kind === "unknown") this.#refuse(reading);
    else this.#inOrder.answer(() => this.#answer(reading, extra));
  }

  #notified(notification: JSONRPCNotification, extra?: Carried): void {
    const { door } = this;
    this.#inOrder.notified();
    door.hooks.onNotification?.(notification, extra?.[CALL]);
    if (door.hooks.toClient) door.hooks.toClient(notification, extra);
    else door.onmessage?.(notification, extra);
  }

  /** Whether a request is answered here. A server may ask by thousands, and the Client's machinery is for questions. */
  #answered({ id, method }: JSONRPCRequest): boolean {
    const { door } = this;
    const answer = door.hooks.atOnce?.(method);
    if (!answer) return false;
    door.send({ jsonrpc: "2.0", id, ...answer }).catch((failed: unknown) => door.report(failed));
    return true;
  }

  #answer(reading: Extract<Reading, { kind: "answer" | "invalid" }>, extra?: MessageExtraInfo): void {
    const { door, ledger } = this;
    // Race: the wire went down, or the call was cancelled, while the answer waited for a notification before it.
    if (door.down || !ledger.has(reading.id)) return;
    try {
      if (reading.kind === "invalid") {
        door.settle(reading.id, reading.answer);
        return;
      }
      const { message, warning, plain } = reading;
      const { method, call, cursor, onAnswer } = ledger.remove(reading.id)!;
      if (warning) door.hooks.onWarning?.(warning);
      if ("result" in message) {
        if (call && method === "tools/call") call.result = message.result;
        if (factsOf(method).list !== undefined) door.hooks.onList?.(method, message.result, cursor);
      }
      if (onAnswer) onAnswer(message, plain);
      else door.onmessage?.(message, extra);
    } catch (error) {
      door.report(error);
    }
  }

  /** What is no message is told; where it asks for an answer, the server hears that it gets none. */
  #refuse({ reason, id, text }: Extract<Reading, { kind: "unknown" }>): void {
    const { door } = this;
    door.report(new Error(`the server sent what is not an MCP message (${reason}): ${JSON.stringify(text)}`));
    if (id === undefined) return;
    const error = { code: ProtocolErrorCode.InvalidRequest, message: `Invalid request: ${reason}` };
    door.send({ jsonrpc: "2.0", id, error }).catch((failed: unknown) => door.report(failed));
  }
}
