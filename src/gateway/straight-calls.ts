import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  type Notification,
  ProtocolErrorCode,
  type RequestId,
  type Result,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import { OwnSignal } from "../base/own-signal.js";
import { directCalls } from "../contract/direct-calls.js";
import type { Params, Presented, RequestContext, Route } from "./presented.js";

/** How one request is answered. Undefined: the SDK's server has to see it. */
export type Straight = (
  method: string,
  params: Params,
) => ((ctx: RequestContext) => Promise<Result>) | undefined;

/** `related`: the call in which it is sent. */
type Send = (message: JSONRPCMessage, related: RequestId) => void;

/** What is answered by one server, with what the SDK's server hands on as it is. */
const METHODS = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"]);

/**
 * As many turns as the SDK's server takes before it calls its handler: what else happens in the turn of a request, such as the end of
 * a connection, comes before it or after it on either way.
 */
const TURNS = 3;

/**
 * What a legacy client in this program asks of one server behind a gateway, past the SDK's server, which checks what the client
 * checks again. The client sees no difference.
 */
export class StraightCalls {
  readonly #running = new Map<RequestId, OwnSignal>();

  constructor(
    private readonly straight: Straight,
    private readonly send: Send,
  ) {}

  /** False: it is for the SDK's server. */
  take({ id, method, params = {} }: JSONRPCRequest): boolean {
    const run = METHODS.has(method) && isPlain(params) ? this.straight(method, params) : undefined;
    if (!run) return false;
    const signal = new OwnSignal();
    this.#running.set(id, signal);
    void this.#run(id, run, contextOf(id, params, signal, this.send));
    return true;
  }

  /** False: it is none of these. */
  cancel(id: unknown, reason: unknown): boolean {
    const signal = this.#running.get(id as RequestId);
    if (signal) queueMicrotask(() => signal.abort(reason));
    return signal !== undefined;
  }

  /** The client is gone. */
  end(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const abort of running)
      abort.abort(new SdkError(SdkErrorCode.ConnectionClosed, "Connection closed"));
  }

  async #run(
    id: RequestId,
    run: (ctx: RequestContext) => Promise<Result>,
    ctx: RequestContext,
  ): Promise<void> {
    const { signal } = ctx.mcpReq;
    let answer: JSONRPCMessage;
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    try {
      answer = { result: await run(ctx), jsonrpc: "2.0", id };
    } catch (error) {
      answer = { jsonrpc: "2.0", id, error: errorOf(error) };
    }
    this.#running.delete(id);
    if (!signal.aborted) this.send(answer, id);
  }
}

/** The legacy server that is known to have what is asked for, and is reached already. */
export function legacyRoute(presented: Presented, method: string, params: Params): Route | undefined {
  if (!directCalls.on) return undefined;
  try {
    const route = presented.known(method, params);
    return route?.upstream.session?.getProtocolEra() === "legacy" ? route : undefined;
  } catch {
    // What is wrong with it is told by whoever looks again.
    return undefined;
  }
}

/** What another revision says in params is the SDK's to take out of them. */
const isPlain = (params: Params): boolean =>
  !("inputResponses" in params || "requestState" in params) &&
  Object.keys(fieldsOf(params["_meta"])).every((key) => !key.startsWith("io.modelcontextprotocol/"));

function contextOf(id: RequestId, params: Params, signal: AbortSignal, send: Send): RequestContext {
  const meta = params["_meta"] as RequestContext["mcpReq"]["_meta"];
  const notify = async (notification: Notification) => send({ jsonrpc: "2.0", ...notification }, id);
  return { mcpReq: { id, _meta: meta, signal, requestState: () => undefined, notify } };
}

/** As the SDK's server puts an error into an answer of the legacy era. */
function errorOf(error: unknown): { code: number; message: string; data?: unknown } {
  const { code, message, data } = fieldsOf(error);
  const known = Number.isSafeInteger(code) ? Number(code) : ProtocolErrorCode.InternalError;
  return {
    code: known === ProtocolErrorCode.ResourceNotFound ? ProtocolErrorCode.InvalidParams : known,
    message: typeof message === "string" ? message : "Internal error",
    ...(data !== undefined && { data }),
  };
}
