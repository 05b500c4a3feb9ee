import type { JSONRPCMessage, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Listening, Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import { Allowance } from "./allowance.js";
import { Lost } from "./lost.js";

/** What the wires of our own have in common: the callbacks that the guard sets, and an end that comes once. */
export abstract class BaseWire implements Wire {
  onclose?: Wire["onclose"];
  onerror?: Wire["onerror"];
  onmessage?: Wire["onmessage"];
  onUnreadable?: Wire["onUnreadable"];
  onDoubt?: Wire["onDoubt"];
  onListening?: Wire["onListening"];
  onRefused?: Wire["onRefused"];
  onParked?: Wire["onParked"];
  onResumed?: Wire["onResumed"];
  unasked?: Wire["unasked"];
  failure?: Failure;
  abstract readonly listening: Listening;
  #ended = false;
  /** What the server may send that nobody asked for. */
  readonly allowance = new Allowance(() => this.unasked);

  abstract start(): Promise<void>;
  abstract send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void>;
  abstract close(): Promise<void>;

  /** Nothing comes from this wire any more. */
  protected get ended(): boolean {
    return this.#ended;
  }

  outcomeOf(error: unknown): Outcome | undefined {
    return error instanceof Lost ? error.outcome : "unknown";
  }

  /** Whether somebody waits for a message. A wire without a guard cannot know, and takes all answers for such. */
  isAsked(message: JSONRPCMessage): boolean {
    return this.unasked ? this.unasked.isAsked(message) : !("method" in message);
  }

  /** The wire ends, by itself where there is a `failure`. Only the first end counts. */
  protected finish(failure?: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.allowance.lift();
    if (failure) this.failure = failure;
    this.onclose?.();
  }
}
