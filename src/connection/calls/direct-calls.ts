import {
  DEFAULT_REQUEST_TIMEOUT_MSEC,
  type JSONRPCErrorResponse,
  type JSONRPCRequest,
  ProtocolError,
  type RequestOptions,
  SdkError,
  SdkErrorCode,
  type StandardSchemaV1,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import { whenAborted } from "../../base/abort.js";
import { directCalls } from "../../contract/direct-calls.js";
import { MODERN_REVISION } from "../../contract/protocol.js";
import type { Guard } from "../../wires/guard.js";
import type { OnAnswer } from "../../wires/ledger.js";
import { Lost } from "../../wires/lost.js";
import { Deadlines, type Due } from "./deadlines.js";
import { type Codec, type Incomplete, type Reader, readResult } from "./results.js";

/** Ids of ours: far from those of the Client, which count from 0, and of 32 bits, which is all that some servers keep. */
const FIRST_ID = 1_000_000_000;
const LAST_ID = 2_000_000_000;

/** All that a direct request heeds, or that says nothing without a progress handler; what asks for more goes through the Client. */
const KNOWN_OPTIONS = new Set([
  "admit",
  "allowInputRequired",
  "cacheMode",
  "headers",
  "maxTotalTimeout",
  "origin",
  "replay",
  "resetTimeoutOnProgress",
  "signal",
  "timeout",
  "toolDefinition",
]);

export function isDirect(options: object | undefined): boolean {
  for (const key in options) if (!KNOWN_OPTIONS.has(key)) return false;
  return directCalls.on;
}

/** A request, what it is sent with, and how its answer is read. */
export class Outgoing implements Reader {
  /** In milliseconds since 1970. */
  readonly startedAt = Date.now();

  constructor(
    readonly request: { method: string; params?: Record<string, unknown> | undefined },
    readonly options: RequestOptions,
    readonly codec: Codec,
    readonly schema: StandardSchemaV1,
  ) {}
}

/** What the Client of the epoch does for its requests. */
export interface Sender {
  /** What a modern connection says of itself with each message. */
  envelope(): Readonly<Record<string, unknown>> | undefined;
  /** What comes of a request whose server asks for input first. */
  resolve(asked: Incomplete, outgoing: Outgoing): unknown;
  onError(error: Error): void;
}

/** A request that waits for its answer. */
class Waiting implements Due {
  until = 0;

  constructor(
    readonly expire: () => void,
    readonly fail: (error: unknown) => void,
  ) {}
}

/** What a request is sent with. */
class Sent implements TransportSendOptions {
  constructor(readonly headers: RequestOptions["headers"]) {}
}

/**
 * The requests of one epoch, past the SDK's Client, which reads each answer four times and sets a timer for each request.
 * Whoever calls sees no difference: the same messages, results and errors, in the same order.
 */
export class DirectCalls {
  readonly #waiting = new Deadlines<Waiting>();
  #lastId = FIRST_ID;

  constructor(
    private readonly guard: Guard,
    private readonly sender: Sender,
  ) {}

  /** Nothing comes any more. */
  end(): void {
    for (const call of this.#waiting.end())
      call.fail(new SdkError(SdkErrorCode.ConnectionClosed, "Connection closed"));
  }

  /**
   * Settles as many turns after its answer as the Client's own requests, with its `finally`: of answers that come in one turn, the
   * first is the first to be heard of, whichever path it takes.
   */
  send(outgoing: Outgoing): Promise<unknown> {
    const { signal, headers, timeout = DEFAULT_REQUEST_TIMEOUT_MSEC } = outgoing.options;
    return new Promise<unknown>((resolve, reject) => {
      if (this.guard.down) throw new Lost("not-sent", this.guard.down);
      if (signal?.aborted) throw asSdkError(signal.reason);
      const closesStream = this.#closesStream(outgoing);
      if (closesStream) this.guard.closesStreams = true;
      const id = this.#nextId();
      const end = (): boolean => {
        if (!this.#waiting.delete(call)) return false;
        stop?.();
        return true;
      };
      const cancel = (reason: unknown) => {
        if (!end()) return;
        if (closesStream) this.guard.streamCancelled(id);
        else this.#tell(id, reason);
        reject(asSdkError(reason));
      };
      const call = new Waiting(
        () => cancel(new SdkError(SdkErrorCode.RequestTimeout, "Request timed out", { timeout })),
        (error) => {
          if (end()) reject(error);
        },
      );
      const onAnswer: OnAnswer = (message, plain) => {
        if (!end()) return;
        if ("error" in message) reject(errorOf(message));
        else {
          const incomplete = (asked: Incomplete) => resolve(this.sender.resolve(asked, outgoing));
          readResult(outgoing, { given: message.result, plain }, { resolve, reject, incomplete });
        }
      };
      const stop = signal && whenAborted(signal, cancel);
      this.#waiting.add(call, timeout);
      this.guard.request(this.#message(outgoing, id), new Sent(headers), onAnswer).catch(call.fail);
    }).finally(() => {});
  }

  /** On a modern connection with a stream for each request, that it is closed is what cancels it. */
  #closesStream({ codec }: Reader): boolean {
    return this.guard.hasPerRequestStream === true && codec.era === MODERN_REVISION;
  }

  #tell(requestId: number, reason: unknown): void {
    const params = { requestId, reason: String(reason) };
    this.guard
      .send(this.#enveloped({ jsonrpc: "2.0" as const, method: "notifications/cancelled", params }))
      .catch((error) => this.sender.onError(new Error(`Failed to send cancellation: ${error}`)));
  }

  /** Written out, because a spread costs as much as all the rest of a call. */
  #message({ request: { method, params }, codec }: Outgoing, id: number): JSONRPCRequest {
    const message: JSONRPCRequest =
      params === undefined ? { method, jsonrpc: "2.0", id } : { method, params, jsonrpc: "2.0", id };
    return codec.era === MODERN_REVISION ? this.#enveloped(message) : message;
  }

  #enveloped<M extends { params?: Record<string, unknown> | undefined }>(message: M): M {
    const envelope = this.sender.envelope();
    if (!envelope) return message;
    const { params } = message;
    return { ...message, params: { ...params, _meta: { ...envelope, ...(params?.["_meta"] as object) } } };
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= LAST_ID ? FIRST_ID : this.#lastId + 1;
    return this.#lastId;
  }
}

const asSdkError = (reason: unknown): SdkError =>
  reason instanceof SdkError ? reason : new SdkError(SdkErrorCode.RequestTimeout, String(reason));

const errorOf = ({ error: { code, message, data } }: JSONRPCErrorResponse): ProtocolError =>
  ProtocolError.fromError(code, message, data);
