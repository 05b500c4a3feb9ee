import type { JSONRPCRequest, MessageExtraInfo } from "@modelcontextprotocol/client";
import type { CallOrigin } from "../contract/asking.js";
import type { CallContext } from "../contract/call-context.js";
import type { CallTrace } from "../contract/trace.js";

/** One call of a session. It may be several requests: pages, rounds of input. */
export interface CallTag extends CallContext {
  /** How many of its requests were handed to a wire that did not refuse them. */
  written: number;
  /** What a tool answered, before the SDK's Client checks it: it has run, whatever comes of that. */
  result?: object | undefined;
  session: object;
  /** It may be done twice, by what was known of it when it was made. */
  repeatable: boolean;
  /** On whose behalf a gateway made it. */
  origin?: CallOrigin | undefined;
  trace?: CallTrace | undefined;
}

/** The key under which a call rides in a request's `headers`, the one option that the SDK hands through every leg. */
export const CALL = Symbol("holdfast.call");

/** The call that a request belongs to, by the options that it is sent with. */
export const callIn = (options: { headers?: object | undefined } | undefined): CallTag | undefined =>
  (options?.headers as { [CALL]?: CallTag } | undefined)?.[CALL];

/** The request with the trace that its call belongs to. The caller's own object stays as it is. */
export function traced(message: JSONRPCRequest, call: CallTag | undefined, epoch: number): JSONRPCRequest {
  if (!call?.trace) return message;
  const { id, method, params } = message;
  const trace = call.trace.sends({ id, epoch });
  const _meta = params?._meta === undefined ? trace : { ...params._meta, ...trace };
  return { jsonrpc: "2.0", id, method, params: { ...params, _meta } };
}

/** What a wire knows of a message besides: the call on whose stream, or in whose answer, it came. */
export interface Carried extends MessageExtraInfo {
  /** `own`: a request of ours that is no session's call. Absent where no request carries a message. */
  [CALL]?: CallTag | "own" | undefined;
}

class CarriedBy implements Carried {
  readonly [CALL]: CallTag | "own";

  constructor(call: CallTag | "own") {
    this[CALL] = call;
  }
}

export const carriedBy = (call: CallTag | "own"): Carried => new CarriedBy(call);
