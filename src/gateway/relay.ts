import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  type LoggingLevel,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  SdkError,
} from "@modelcontextprotocol/server";
import { isHoldfastError } from "../base/errors.js";
import { fieldsOf, isObject } from "../base/fields.js";
import { ANY_RESULT } from "../contract/any-result.js";
import { ASKING_SERVER } from "../contract/asking.js";
import type { Session } from "../contract/session.js";
import { innerTimeout, whileCalled } from "./call-time.js";
import { ParkedCall } from "./parked-call.js";
import type { ParkedCalls } from "./parked-calls.js";
import type { GatewayHost, Params, RequestContext, Route } from "./presented.js";
import { taskAcrossEras } from "./task-eras.js";

/** What belongs to one hop of the protocol and not to the call. */
const OF_THE_HOP =
  /^(progressToken$|io\.modelcontextprotocol\/(clientInfo|clientCapabilities|protocolVersion|logLevel)$)/;

/** One request of the client: what it was, and where it goes. */
export interface Relayed extends Route {
  method: string;
  ctx: RequestContext;
}

/** Sends requests of the client through to their servers. */
export class Relay {
  constructor(
    private readonly host: GatewayHost,
    private readonly parked: ParkedCalls,
    private readonly level: () => LoggingLevel | undefined,
  ) {}

  /** One request, as the eras of its client and its server demand. */
  carry(relayed: Relayed, isModern: boolean): Promise<Result> {
    const era = relayed.upstream.session?.getProtocolEra();
    if (era !== undefined && isModern === (era === "legacy") && isOfTasks(relayed))
      return this.#acrossEras(relayed, isModern);
    // Only a modern client of a legacy server cannot be sent what that server asks.
    return isModern && era !== "modern" ? this.parking(relayed) : this.straight(relayed);
  }

  async #acrossEras(relayed: Relayed, isModern: boolean): Promise<Result> {
    const { upstream, method, params, ctx } = relayed;
    const timeout = innerTimeout(this.host.contextOf(ctx.mcpReq.id), upstream);
    const options = { signal: ctx.mcpReq.signal, timeout, origin: { request: ctx, client: undefined } };
    try {
      const session = upstream.session!;
      const answer = await taskAcrossEras({ session, method, params, ctx, options });
      if (answer) return answer;
    } catch (error) {
      throw relayedTaskError(error);
    }
    return isModern ? this.parking(relayed) : this.straight(relayed);
  }

  /** One request to its server; questions of that server go to the client by themselves. */
  straight(relayed: Relayed): Promise<Result> {
    return this.#send(relayed, relayed.ctx.mcpReq.signal, () => relayed.ctx);
  }

  /** One request to a legacy server, parked while that server asks something: the client takes it up with its answers. */
  async parking(relayed: Relayed): Promise<Result> {
    const { ctx, upstream } = relayed;
    const state = ctx.mcpReq.requestState<string>();
    const known = state === undefined ? undefined : this.parked.find(state);
    const call =
      known ?? new ParkedCall(upstream.name, ctx, (signal, current) => this.#send(relayed, signal, current));
    if (known) known.resume(ctx);
    else this.parked.begin(call, this.host.contextOf(ctx.mcpReq.id));
    try {
      const next = await call.next(ctx.mcpReq.signal);
      if ("parked" in next) return { ...next.parked };
      this.parked.end(call, new Error("the call in which it was asked is over"));
      return next.done;
    } catch (error) {
      this.parked.end(call, error);
      throw error;
    }
  }

  async #send(
    { upstream, method, params, ctx, admit }: Relayed,
    signal: AbortSignal,
    current: () => RequestContext,
  ): Promise<Result> {
    const call = this.host.contextOf(ctx.mcpReq.id);
    const watched = ctx.mcpReq._meta?.progressToken !== undefined;
    const options = {
      signal,
      timeout: innerTimeout(call, upstream),
      ...(call?.deadline.resets && { resetTimeoutOnProgress: true }),
      allowInputRequired: true,
      ...(call?.replay && { replay: call.replay }),
      ...(admit && { admit }),
      origin: { request: ctx, client: call?.session },
      ...(watched && { onprogress: (progress: object) => passProgress(current(), progress) }),
    };
    try {
      const session = upstream.session ?? (await whileCalled(ctx, call, (inner) => upstream.opened(inner)));
      const envelope = session.getProtocolEra() === "modern" ? this.#envelope(ctx) : {};
      if (method === "resources/subscribe" || method === "resources/unsubscribe")
        return await subscribed(session, method, params, options);
      const request = { method, params: innerParams(params, ctx, envelope) };
      // Not validated here: the outer client does that, once.
      return withAsker((await session.request(request, ANY_RESULT, options)) as Result, upstream.name);
    } catch (error) {
      throw relayedError(error);
    }
  }

  /** What a modern server is told of the client with each request: who asks, what it can be asked, what it wants logged. */
  #envelope(ctx: RequestContext): object {
    if (!ctx.mcpReq.envelope) {
      const capabilities = this.host.capabilities?.();
      return {
        ...(capabilities && { [CLIENT_CAPABILITIES_META_KEY]: capabilities }),
        [LOG_LEVEL_META_KEY]: this.level() ?? "debug",
      };
    }
    const envelope: Params = { ...ctx.mcpReq.envelope };
    const keys = [CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY, LOG_LEVEL_META_KEY];
    return Object.fromEntries(
      keys.flatMap((key) => (envelope[key] === undefined ? [] : [[key, envelope[key]]])),
    );
  }
}

/** Each era has its own way; and on a new connection of the server the subscription is made again. */
function subscribed(
  session: Session,
  method: string,
  { uri }: Params,
  options: Parameters<Session["subscribeResource"]>[1],
): Promise<Result> {
  const resource = { uri: String(uri) };
  return method === "resources/subscribe"
    ? session.subscribeResource(resource, options)
    : session.unsubscribeResource(resource, options);
}

/** The params for the next hop: the client's, without what was meant for us. */
function innerParams({ _meta, ...rest }: Params, ctx: RequestContext, envelope: object): Params {
  const own = Object.entries(_meta ?? {}).filter(([key]) => !OF_THE_HOP.test(key));
  const meta = { ...Object.fromEntries(own), ...envelope };
  const { inputResponses } = ctx.mcpReq;
  const requestState = ctx.mcpReq.requestState<string>();
  return {
    ...rest,
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
    // A modern server's own questions are answered by the client, in a call of their own.
    ...(inputResponses && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
  };
}

function passProgress(ctx: RequestContext, progress: object): void {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  ctx.mcpReq
    .notify({ method: "notifications/progress", params: { ...progress, progressToken } })
    .catch(() => {});
}

/** Errors of ours travel whole: a client of ours gets them back as they were. */
export function relayedError(error: unknown): unknown {
  if (!isHoldfastError(error) && !(error instanceof SdkError)) return error;
  return new ProtocolError(ProtocolErrorCode.InternalError, error.message, error);
}

/** What may be about a task. */
const isOfTasks = ({ method }: Relayed): boolean => method === "tools/call" || method.startsWith("tasks/");

/** That a task is not known is an error of the protocol's own. */
const relayedTaskError = (error: unknown): unknown =>
  isHoldfastError(error, "TASK_FORGOTTEN")
    ? new ProtocolError(ProtocolErrorCode.InvalidParams, error.message, error)
    : relayedError(error);

/** A modern server asks in its answer: each question says who asks. */
function withAsker(result: Result, server: string): Result {
  const { resultType, inputRequests } = fieldsOf(result);
  if (resultType !== "input_required" || !isObject(inputRequests)) return result;
  const named = Object.entries(inputRequests).map(([key, question]) => {
    const given = fieldsOf(fieldsOf(question)["params"]);
    const params = { ...given, _meta: { ...fieldsOf(given["_meta"]), [ASKING_SERVER]: server } };
    return [key, { ...fieldsOf(question), params }];
  });
  return { ...result, inputRequests: Object.fromEntries(named) };
}
