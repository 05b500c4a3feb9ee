import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  type McpHttpHandler,
  type Notification,
  ProtocolErrorCode,
  type Server,
} from "@modelcontextprotocol/server";
import { asError, isHoldfastError, messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";
import { inPlainWords } from "../gateway/downstream.js";
import { Gateway } from "../gateway/gateway.js";
import { LIST_METHODS, ROUTED_METHODS, type Upstream } from "../gateway/presented.js";
import { PresentedSession } from "../gateway/presented-session.js";
import { askable } from "../gateway/relayed-session.js";
import type { Clock } from "../machines/clock.js";
import { INTERNALS } from "../transports/internals.js";
import { AskedCalls } from "./asked-calls.js";
import type { FollowedClients } from "./followed-clients.js";
import type { HttpSettings } from "./http-options.js";
import { ListenStreams } from "./listen-streams.js";
import { openToAll } from "./open-to-all.js";

/** In these a legacy server may ask its client something. */
const MAY_ASK = new Set<unknown>(["tools/call", "prompts/get", "resources/read"]);

const RELAYED = new Set<unknown>([...LIST_METHODS, ...ROUTED_METHODS]);

/**
 * Clients of the modern era at one endpoint. Each request stands by itself: it has a gateway of its own, over one session
 * that all share. What a modern server asks comes in its answer, and so back to whoever called.
 */
export class ModernClients {
  readonly #handler: McpHttpHandler;
  readonly #streams: ListenStreams;
  /** Whose method no server knows. */
  readonly #unknown = new WeakSet<Request>();
  readonly #asked: AskedCalls;
  #session: Promise<Session> | undefined;
  readonly #over = new AbortController();

  constructor(
    private readonly clients: FollowedClients,
    settings: Pick<HttpSettings, "maxBodyBytes" | "idleMs">,
    clock: Clock,
  ) {
    const report = (message: string) => this.#report(message);
    this.#handler = createMcpHandler(({ requestInfo }) => this.#server(requestInfo), {
      legacy: "reject",
      maxRequestBodySize: settings.maxBodyBytes,
      onerror: (error) => report(messageOf(error)),
    });
    this.#asked = new AskedCalls(clients, settings, clock, report);
    this.#streams = new ListenStreams((added, dropped) => {
      this.#listen(added, dropped).catch((error: unknown) => report(messageOf(error)));
    });
  }

  fetch(request: Request, parsedBody: unknown): Promise<Response> {
    return this.clients.during(request, parsedBody, (body) => this.#fetch(request, body));
  }

  async #fetch(request: Request, parsedBody: unknown): Promise<Response> {
    const { id = null, method, params } = fieldsOf(parsedBody);
    const { _meta, notifications, requestState } = fieldsOf(params);
    try {
      const session = await this.#opened();
      if (method === "subscriptions/listen")
        return await this.#streams.open(request, fieldsOf(notifications)["resourceSubscriptions"], () =>
          this.#handler.fetch(request, { parsedBody }),
        );
      const capabilities = askable(fieldsOf(fieldsOf(_meta)[CLIENT_CAPABILITIES_META_KEY]));
      const asked = session.getProtocolEra() !== "modern" && MAY_ASK.has(method);
      const own =
        asked && Object.keys(capabilities).length > 0
          ? await this.#asked.fetch(request, parsedBody, { capabilities, state: requestState })
          : undefined;
      return own ?? this.#withStatus(request, method, await this.#handler.fetch(request, { parsedBody }));
    } catch (error) {
      const answer = refusal(id, error);
      this.clients.answered(request, answer);
      return Response.json(answer, { status: 200 });
    }
  }

  async close(): Promise<void> {
    // A server that does not answer its handshake is not waited for.
    this.#over.abort(new Error("holdfast serve ended"));
    await Promise.all([this.#handler.close(), this.#asked.close()]);
    const session = await this.#session?.catch(() => undefined);
    await session?.close();
  }

  /** The SDK says 404 itself where it knows by itself that there is no such method. What is asked of all servers is one. */
  #withStatus(request: Request, method: unknown, response: Response): Response {
    const { headers, body } = response;
    const isWhole = headers.get("content-type")?.startsWith("application/json") === true;
    return isWhole && !RELAYED.has(method) && this.#unknown.has(request)
      ? new Response(body, { status: 404, headers })
      : response;
  }

  async #listen(added: readonly string[], dropped: readonly string[]): Promise<void> {
    const session = await this.#opened();
    for (const uri of added) await session.subscribeResource({ uri });
    for (const uri of dropped) await session.unsubscribeResource({ uri });
  }

  async #opened(): Promise<Session> {
    if (this.#over.signal.aborted)
      throw new Error(`${this.clients.transport.name}: holdfast serve ended; nothing was done`);
    this.#session ??= this.#open();
    return this.#session;
  }

  async #open(): Promise<Session> {
    const forget = () => {
      this.#session = undefined;
    };
    try {
      const session = await this.clients.transport.connectSession({
        // The clients have deadlines of their own.
        timeoutMs: 0,
        signal: this.#over.signal,
        onNotification: (notification) => this.#heard(notification),
        onError: () => {},
      });
      session.onclose = forget;
      return session;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #server(request: Request | undefined): Promise<Server> {
    const session = await this.#opened();
    const upstream: Upstream & { session: Session } = {
      name: this.clients.transport.name,
      timeoutMs: 0,
      session,
      opened: async () => session,
    };
    const gateway = new Gateway({
      presented: new PresentedSession(upstream),
      contextOf: () => undefined,
      report: (message) => this.#report(message),
    });
    return openToAll(gateway.make(), (answer) => {
      this.clients.answered(request, answer);
      const { code } = fieldsOf(fieldsOf(answer)["error"]);
      if (request && code === ProtocolErrorCode.MethodNotFound) this.#unknown.add(request);
    });
  }

  #report(message: string): void {
    const { name } = this.clients.transport;
    this.clients.transport[INTERNALS].announce({ type: "warning", message: `${name}: ${message}` });
  }

  #heard({ method, params }: Notification): void {
    const { notify } = this.#handler;
    if (method === "notifications/tools/list_changed") notify.toolsChanged();
    if (method === "notifications/prompts/list_changed") notify.promptsChanged();
    if (method === "notifications/resources/list_changed") notify.resourcesChanged();
    if (method === "notifications/resources/updated") notify.resourceUpdated(String(params?.["uri"]));
  }
}

/** The answer to a request for which there is no server. */
function refusal(id: unknown, error: unknown) {
  const { message } = asError(error);
  const data = isHoldfastError(error) ? { data: error } : {};
  return inPlainWords({
    jsonrpc: "2.0",
    id,
    error: { code: ProtocolErrorCode.InternalError, message, ...data },
  });
}
