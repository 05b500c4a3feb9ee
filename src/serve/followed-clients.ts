import { type JSONRPCRequest, PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import { whenAborted } from "../base/abort.js";
import { fieldsOf, isObject } from "../base/fields.js";
import { nameIn } from "../contract/methods.js";
import { STANDING } from "../contract/protocol.js";
import type { ClientNetwork, ServedAnswer, ServedTrace } from "../contract/trace.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";

/** What is known of a client besides its request. */
interface Client {
  sessionId?: string | undefined;
  protocolVersion?: string | undefined;
}

/** Lets those who trace a transport follow what its clients ask. Costs a look where nobody does. */
export class FollowedClients {
  /** The requests that stand by themselves, and run. */
  readonly #running = new WeakMap<Request, ServedTrace>();

  constructor(
    readonly transport: ClientTransport,
    private readonly network: ClientNetwork,
  ) {}

  /** Follows a request; undefined: nobody traces, or it stands for as long as its client likes. */
  begin({ id, method, params }: JSONRPCRequest, client: Client = {}): ServedTrace | undefined {
    const served = this.#served;
    if (!served || method === STANDING) return undefined;
    const modern = fieldsOf(fieldsOf(params)["_meta"])[PROTOCOL_VERSION_META_KEY];
    return served.request({
      id,
      method,
      name: nameIn(method, params),
      params,
      network: this.network,
      sessionId: client.sessionId,
      protocolVersion: typeof modern === "string" ? modern : client.protocolVersion,
      shown: (value) => this.transport[INTERNALS].withoutSecrets(value),
    });
  }

  /** A client is gone that came at `since`, by `performance.now()`. */
  ended(since: number, protocolVersion: string | undefined): void {
    this.#served?.ended({ durationMs: performance.now() - since, network: this.network, protocolVersion });
  }

  /** Follows a request that stands by itself. What it is answered is told to `answered`. */
  during(request: Request, body: unknown, answer: (body: unknown) => Promise<Response>): Promise<Response> {
    const trace = isRequest(body) ? this.begin(body) : undefined;
    return trace
      ? this.#followed(request, trace, () => answer(carrying(body as JSONRPCRequest, trace)))
      : answer(body);
  }

  answered(request: Request | undefined, answer: unknown): void {
    if (request) this.#end(request, answerIn(answer));
  }

  async #followed(request: Request, trace: ServedTrace, answer: () => Promise<Response>): Promise<Response> {
    this.#running.set(request, trace);
    whenAborted(request.signal, () => this.#end(request, { gone: true }));
    const response = await answer();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    // The SDK refused it before any server saw it.
    if (!isStream && this.#running.has(request))
      this.#end(
        request,
        answerIn(
          await response
            .clone()
            .json()
            .catch(() => undefined),
        ),
      );
    return response;
  }

  get #served() {
    return this.transport[INTERNALS].tracer()?.served;
  }

  #end(request: Request, answer: ServedAnswer): void {
    const trace = this.#running.get(request);
    this.#running.delete(request);
    trace?.ended(answer);
  }
}

const isRequest = (body: unknown): body is JSONRPCRequest => {
  const { id, method } = fieldsOf(body);
  return typeof method === "string" && (typeof id === "string" || typeof id === "number");
};

/** The request as it goes on, within the trace. */
export function carrying(request: JSONRPCRequest, { carrier }: ServedTrace): JSONRPCRequest {
  const { params } = request;
  return { ...request, params: { ...params, _meta: { ...params?._meta, ...carrier } } };
}

export function answerIn(answer: unknown): ServedAnswer {
  const { result, error } = fieldsOf(answer);
  if (!isObject(error)) return { result };
  const { code, message } = fieldsOf(error);
  return { error: { code: Number(code), message: String(message) } };
}
