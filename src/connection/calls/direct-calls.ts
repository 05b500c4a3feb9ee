import {
  type CallToolRequestOptions,
  type CallToolResult,
  type Client,
  DEFAULT_REQUEST_TIMEOUT_MSEC,
  type JSONRPCErrorResponse,
  ProtocolError,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { whenAborted } from "../../base/abort.js";
import type { Guard } from "../../wires/guard.js";
import type { OnAnswer } from "../../wires/ledger.js";
import { Lost } from "../../wires/lost.js";
import { Deadlines, type Due } from "./deadlines.js";
import type { OutputChecks } from "./output-checks.js";
import { type Codec, checkStructured, copyOf, readCallResult } from "./results.js";

export type CallParams = Parameters<Client["callTool"]>[0];

/** The tests run everything over both paths. */
export const directCalls = { on: true };

/** Ids of ours: far from those of the Client, which count from 0, and of 32 bits, which is all that some servers keep. */
const FIRST_ID = 1_000_000_000;
const LAST_ID = 2_000_000_000;

/** All that a direct call heeds; what asks for more goes through the Client. */
const KNOWN_OPTIONS = new Set(["signal", "timeout", "maxTotalTimeout", "headers", "replay", "origin"]);

export function isDirect(params: CallParams, options: CallToolRequestOptions | undefined): boolean {
  if (typeof params?.name !== "string" || "task" in params) return false;
  for (const key in options) if (!KNOWN_OPTIONS.has(key)) return false;
  return true;
}

/** A call that waits for its answer. */
interface Waiting extends Due {
  fail(error: unknown): void;
}

/**
 * The tool calls of one legacy epoch, past the SDK's Client, which reads each answer four times and sets a timer for each
 * call. Whoever calls sees no difference: the same messages, results and errors, in the same order.
 */
export class DirectCalls {
  readonly #waiting = new Deadlines<Waiting>();
  #lastId = FIRST_ID;

  constructor(
    private readonly guard: Guard,
    private readonly checks: OutputChecks,
    private readonly onError: (error: Error) => void,
  ) {}

  async call(params: CallParams, options: CallToolRequestOptions, codec: Codec): Promise<CallToolResult> {
    const check = await this.checks.of(params.name);
    const result = await this.#send(params, options, codec);
    if (check) checkStructured(params.name, result, check);
    return result;
  }

  /** Nothing comes any more. */
  end(): void {
    for (const call of this.#waiting.end())
      call.fail(new SdkError(SdkErrorCode.ConnectionClosed, "Connection closed"));
  }

  /**
   * Settles as many turns after its answer as the Client's own requests, with its `finally`: of answers that come in one turn, the
   * first is the first to be heard of, whichever path it takes.
   */
  #send(params: CallParams, options: CallToolRequestOptions, codec: Codec): Promise<CallToolResult> {
    const { signal, headers, timeout = DEFAULT_REQUEST_TIMEOUT_MSEC } = options;
    return new Promise<CallToolResult>((resolve, reject) => {
      if (this.guard.down) throw new Lost("not-sent", this.guard.down);
      if (signal?.aborted) throw asSdkError(signal.reason);
      const id = this.#nextId();
      const end = (): boolean => {
        if (!this.#waiting.delete(call)) return false;
        stop?.();
        return true;
      };
      const cancel = (reason: unknown) => {
        if (!end()) return;
        this.#tell(id, reason);
        reject(asSdkError(reason));
      };
      const call: Waiting = {
        until: 0,
        expire: () => cancel(new SdkError(SdkErrorCode.RequestTimeout, "Request timed out", { timeout })),
        fail: (error) => {
          if (end()) reject(error);
        },
      };
      const onAnswer: OnAnswer = (message, plain) => {
        if (!end()) return;
        if ("error" in message) reject(errorOf(message));
        else
          checked(() => (plain ? copyOf(plain) : readCallResult(codec, message.result))).then(
            resolve,
            reject,
          );
      };
      const stop = signal && whenAborted(signal, cancel);
      this.#waiting.add(call, timeout);
      const request = { method: "tools/call", params, jsonrpc: "2.0" as const, id };
      this.guard.request(request, { headers }, onAnswer).catch(call.fail);
    }).finally(() => {});
  }

  #tell(requestId: number, reason: unknown): void {
    const params = { requestId, reason: String(reason) };
    this.guard
      .send({ jsonrpc: "2.0", method: "notifications/cancelled", params })
      .catch((error) => this.onError(new Error(`Failed to send cancellation: ${error}`)));
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= LAST_ID ? FIRST_ID : this.#lastId + 1;
    return this.#lastId;
  }
}

/** Read at once, and told a turn later: the SDK's checks may take their time. */
async function checked<T>(read: () => T): Promise<T> {
  const result = read();
  await undefined;
  return result;
}

const asSdkError = (reason: unknown): SdkError =>
  reason instanceof SdkError ? reason : new SdkError(SdkErrorCode.RequestTimeout, String(reason));

const errorOf = ({ error: { code, message, data } }: JSONRPCErrorResponse): ProtocolError =>
  ProtocolError.fromError(code, message, data);
