import type { JSONRPCMessage, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Listening, Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
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
  failure?: Failure;
  abstract readonly listening: Listening;
  #ended = false;

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

  /** The wire ends, by itself where there is a `failure`. Only the first end counts. */
  protected finish(failure?: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    if (failure) this.failure = failure;
    this.onclose?.();
  }
}
