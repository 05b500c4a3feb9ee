import {
  type BaseContext,
  type CallToolRequestOptions,
  type CallToolResult,
  Client,
  type ClientContext,
  type ClientOptions,
  type Implementation,
  type JSONRPCNotification,
  type MessageExtraInfo,
  type RequestOptions,
} from "@modelcontextprotocol/client";
import { ANY_RESULT } from "../contract/any-result.js";
import { ASKING, ASKING_SERVER, type Asking } from "../contract/asking.js";
import { teachTasks } from "../session/sdk-internals.js";
import { isSchema } from "../session/sdk-v1.js";
import { checkStructured } from "../session/structured.js";
import { CALL, type Carried, callIn, carriedBy } from "../wires/call-tag.js";
import type { Guard } from "../wires/guard.js";
import { DirectCalls, isDirect, Outgoing } from "./calls/direct-calls.js";
import { OutputChecks } from "./calls/output-checks.js";
import type { Codec, Incomplete } from "./calls/results.js";
import type { EpochStore } from "./epoch-cache.js";
import { resultSchema } from "./result-schemas.js";

type CallParams = Parameters<Client["callTool"]>[0];
type Unresolved = Parameters<Client["_resolveNonCompleteResult"]>;

/** What the Client of an epoch is made for. */
export interface Epoch {
  readonly guard: Guard;
  readonly store: EpochStore;
  /** Whether what is connected says which server asks; of any other one that would be hearsay. */
  readonly relays: boolean;
}

/**
 * The SDK's Client of one epoch. Its handlers are told which call a question came with: the SDK hands neither what the wire
 * knows of a message to them, nor the call whose answer holds the question.
 */
export class EpochClient extends Client {
  readonly #direct: DirectCalls;
  readonly #checks: OutputChecks;

  constructor(
    info: Implementation,
    options: ClientOptions,
    private readonly epoch: Epoch,
  ) {
    super(info, options);
    teachTasks(this);
    this.#checks = new OutputChecks(this, epoch.store);
    this.#direct = new DirectCalls(epoch.guard, {
      envelope: () => this._outboundMetaEnvelope(),
      resolve: (asked, outgoing) => this.#resolve(asked, outgoing),
      onError: (error) => this.onerror?.(error),
    });
  }

  /** A plain call of a legacy tool needs nothing of the Client's but what it checks results with. */
  override callTool(params: CallParams, options?: CallToolRequestOptions): Promise<CallToolResult> {
    const direct =
      options !== undefined &&
      isDirect(options) &&
      typeof params?.name === "string" &&
      !("task" in params) &&
      !("toolDefinition" in options) &&
      this.epoch.store.definitions !== undefined &&
      this.getProtocolEra() === "legacy";
    return direct ? this.#callTool(params, options) : super.callTool(params, options);
  }

  async #callTool(params: CallParams, options: CallToolRequestOptions): Promise<CallToolResult> {
    const check = await this.#checks.of(params.name);
    const result = (await this.request({ method: "tools/call", params }, options)) as CallToolResult;
    if (check) checkStructured(params.name, result, check);
    return result;
  }

  /** A notification of the server, which is known to be one. */
  take(notification: JSONRPCNotification, extra?: MessageExtraInfo): void {
    this._onnotification(notification, extra);
  }

  protected override _onclose(): void {
    super._onclose();
    this.#direct.end();
  }

  // biome-ignore lint/suspicious/noExplicitAny: one body for the SDK's overloads, which callers see through the Client.
  override request(request: any, schemaOrOptions?: any, optionsOfSchema?: any): Promise<any> {
    const given = isSchema(schemaOrOptions);
    const options = given ? optionsOfSchema : schemaOrOptions;
    // Up to the end of the handshake it is the method that says which revision is spoken.
    const codec = this.getNegotiatedProtocolVersion() === undefined ? undefined : this._wireCodec();
    const own = codec && !given ? resultSchema(codec, request.method) : undefined;
    const ours = own ?? (schemaOrOptions === ANY_RESULT ? ANY_RESULT : undefined);
    if (codec && ours && this.#isDirect(codec, request.method, options))
      return this.#direct.send(new Outgoing(request, options ?? {}, codec, ours));
    const schema = own ?? (given ? schemaOrOptions : undefined);
    return schema ? super.request(request, schema, options) : super.request(request, options);
  }

  #isDirect(codec: Codec, method: string, options: object | undefined): boolean {
    return this.transport === this.epoch.guard && codec.hasRequestMethod(method) && isDirect(options);
  }

  /** A modern server asks in its answer, which the SDK knows how to answer. */
  #resolve(asked: Incomplete, { request, options, codec, schema, startedAt }: Outgoing): unknown {
    const { kind, ...rest } = asked;
    if (options.allowInputRequired) return { resultType: kind, ...rest };
    const retry = (params: typeof request.params, leg: RequestOptions) => {
      const again = { method: request.method, ...(params && { params }) };
      return isDirect(leg)
        ? this.#direct.send(new Outgoing(again, leg, codec, schema))
        : super.request(again, schema, leg);
    };
    const flow = { codec, request, resultSchema: schema, options, flowStartedAt: startedAt, retry };
    return this._resolveNonCompleteResult(asked, flow);
  }

  protected override buildContext(ctx: BaseContext, extra?: MessageExtraInfo): ClientContext {
    const server = this.epoch.relays ? ctx.mcpReq._meta?.[ASKING_SERVER] : undefined;
    const asking: Asking = {
      call: (extra as Carried | undefined)?.[CALL],
      ...(typeof server === "string" && { server }),
    };
    return Object.assign(super.buildContext(ctx, extra), { [ASKING]: asking });
  }

  /** A modern server asks in the answer to a call; the SDK answers that from here. */
  protected override _resolveNonCompleteResult(...[decoded, flow]: Unresolved) {
    const call = callIn(flow.options);
    const build = (ctx: BaseContext) => this.buildContext(ctx, carriedBy(call ?? "own"));
    const inCall = Object.create(this, { buildContext: { value: build } });
    return super._resolveNonCompleteResult.call(inCall, decoded, flow);
  }
}
