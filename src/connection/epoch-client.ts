import {
  type BaseContext,
  type CallToolRequestOptions,
  Client,
  type ClientContext,
  type ClientOptions,
  type Implementation,
  type JSONRPCNotification,
  type MessageExtraInfo,
} from "@modelcontextprotocol/client";
import { ASKING, ASKING_SERVER, type Asking } from "../contract/asking.js";
import { isSchema } from "../session/sdk-v1.js";
import { CALL, type Carried, callIn, carriedBy } from "../wires/call-tag.js";
import type { Guard } from "../wires/guard.js";
import { type CallParams, DirectCalls, directCalls, isDirect } from "./calls/direct-calls.js";
import { OutputChecks } from "./calls/output-checks.js";
import type { EpochStore } from "./epoch-cache.js";
import { resultSchema } from "./result-schemas.js";

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

  constructor(
    info: Implementation,
    options: ClientOptions,
    private readonly epoch: Epoch,
  ) {
    super(info, options);
    const checks = new OutputChecks(this, epoch.store);
    this.#direct = new DirectCalls(epoch.guard, checks, (error) => this.onerror?.(error));
  }

  override callTool(params: CallParams, options?: CallToolRequestOptions): ReturnType<Client["callTool"]> {
    const { guard, store } = this.epoch;
    const direct =
      directCalls.on &&
      options !== undefined &&
      isDirect(params, options) &&
      store.definitions !== undefined &&
      this.transport === guard &&
      this.getProtocolEra() === "legacy";
    if (!direct) return super.callTool(params, options);
    return this.#direct.call(params, options, this._wireCodec());
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
  override request(request: any, schemaOrOptions?: any, options?: any): Promise<any> {
    if (isSchema(schemaOrOptions)) return super.request(request, schemaOrOptions, options);
    // Up to the end of the handshake it is the method that says which revision is spoken.
    const spoken = this.getNegotiatedProtocolVersion() !== undefined;
    const schema = spoken ? resultSchema(this._wireCodec(), request.method) : undefined;
    return schema ? super.request(request, schema, schemaOrOptions) : super.request(request, schemaOrOptions);
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
