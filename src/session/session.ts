import { inspect } from "node:util";
import {
  Client,
  type ClientContext,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type LoggingLevel,
  type McpSubscription,
  type Notification,
  type Progress,
  type RequestOptions,
  type Result,
  SdkError,
  SdkErrorCode,
  type Transport,
} from "@modelcontextprotocol/client";
import { HoldfastError } from "../errors.js";
import { DEFAULTS } from "../options.js";
import type { ClientTransport } from "../transports/transport.js";
import { runCall } from "./call.js";
import { missingCapability } from "./capabilities.js";
import { capabilitiesOf, listRoots, registerHandlers } from "./handlers.js";
import type { Link, Ready } from "./link.js";
import type { RootsOption, SessionOptions } from "./options.js";
import type { Subscriptions } from "./subscriptions.js";
import type { ReplayOption, Session } from "./types.js";

type Options = RequestOptions & ReplayOption;
type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;

/** What the runtime gives a session. */
export interface SessionHost {
  link: Link;
  connection: ClientTransport;
  subscriptions: Subscriptions;
  /** Called once, when the session ends. */
  onEnd(session: SessionView): void;
}

const LEVELS: LoggingLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];
const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

/**
 * The guarded view that `connectSession` hands out. It is a `Client` that is never connected itself: its own half
 * keeps the handlers, every call goes to the Client of the current epoch.
 */
export class SessionView extends Client implements Session {
  readonly link: Link;
  readonly connection: ClientTransport;
  readonly #host: SessionHost;
  readonly #options: SessionOptions;
  readonly #end = new AbortController();
  #roots: RootsOption;
  #logLevel: LoggingLevel | undefined;
  /** The answers of the getters: those of the last handshake. */
  #seen: Client | undefined;

  constructor(host: SessionHost, options: SessionOptions, clientInfo: { name: string; version: string }) {
    super(clientInfo, { capabilities: capabilitiesOf(options) });
    this.#host = host;
    this.link = host.link;
    this.connection = host.connection;
    this.#options = options;
    this.#roots = options.roots ?? [];
    this.#logLevel = options.logLevel;
    registerHandlers(this, options);
  }

  get ended(): boolean {
    return this.#end.signal.aborted;
  }
  /** What this session wants of the server's log, as far as it said so. */
  get logLevel(): LoggingLevel | undefined {
    return this.#logLevel;
  }
  get options(): SessionOptions {
    return this.#options;
  }
  override get transport(): Transport | undefined {
    return this.ended ? undefined : this.#host?.link.ready?.guard;
  }
  override getServerCapabilities() {
    return this.#seen?.getServerCapabilities();
  }
  override getServerVersion() {
    return this.#seen?.getServerVersion();
  }
  override getInstructions() {
    return this.#seen?.getInstructions();
  }
  override getDiscoverResult() {
    return this.#seen?.getDiscoverResult();
  }
  override get autoOpenedSubscription(): McpSubscription | undefined {
    return undefined;
  }

  override callTool(
    params: Parameters<Client["callTool"]>[0],
    options?: Parameters<Client["callTool"]>[1] & ReplayOption,
  ) {
    return this.#call(
      "tools/call",
      options,
      (client, o) => client.callTool(this.#withLogLevel(client, params), o),
      params.name,
    );
  }
  override listTools(params?: Parameters<Client["listTools"]>[0], options?: Options) {
    return this.#call("tools/list", options, (client, o) => client.listTools(params, o), undefined, {
      tools: [],
    });
  }
  override listPrompts(params?: Parameters<Client["listPrompts"]>[0], options?: Options) {
    return this.#call("prompts/list", options, (client, o) => client.listPrompts(params, o), undefined, {
      prompts: [],
    });
  }
  override listResources(params?: Parameters<Client["listResources"]>[0], options?: Options) {
    return this.#call("resources/list", options, (client, o) => client.listResources(params, o), undefined, {
      resources: [],
    });
  }
  override listResourceTemplates(params?: Parameters<Client["listResourceTemplates"]>[0], options?: Options) {
    const none = { resourceTemplates: [] };
    return this.#call(
      "resources/templates/list",
      options,
      (client, o) => client.listResourceTemplates(params, o),
      undefined,
      none,
    );
  }
  override readResource(params: Parameters<Client["readResource"]>[0], options?: Options) {
    return this.#call(
      "resources/read",
      options,
      (client, o) => client.readResource(this.#withLogLevel(client, params), o),
      params.uri,
    );
  }
  override getPrompt(params: Parameters<Session["getPrompt"]>[0], options?: Options) {
    const sent = { ...params, arguments: asStrings(params.arguments) };
    return this.#call(
      "prompts/get",
      options,
      (client, o) => client.getPrompt(this.#withLogLevel(client, sent), o),
      params.name,
    );
  }
  override complete(params: Parameters<Client["complete"]>[0], options?: Options) {
    return this.#call("completion/complete", options, (client, o) => client.complete(params, o));
  }
  override async ping(options?: Options) {
    return this.#call("ping", options, async (client, o) => {
      if (client.getProtocolEra() === "legacy") return client.ping(o);
      await client.discover(o);
      return {};
    });
  }
  override discover(options?: Options) {
    return this.#call("server/discover", options, (client, o) => client.discover(o));
  }
  override async setLoggingLevel(level: LoggingLevel, options?: Options) {
    this.#logLevel = level;
    return this.#call("logging/setLevel", options, (client, o) =>
      client.getProtocolEra() === "legacy"
        ? client.setLoggingLevel(this.#host.subscriptions.logLevel() ?? level, o)
        : Promise.resolve({}),
    );
  }
  override subscribeResource(params: Parameters<Client["subscribeResource"]>[0], options?: Options) {
    return this.#call(
      "resources/subscribe",
      options,
      (client, o) => this.#host.subscriptions.subscribe(this, params, client, o),
      params.uri,
    );
  }
  override unsubscribeResource(params: Parameters<Client["unsubscribeResource"]>[0], options?: Options) {
    return this.#call(
      "resources/unsubscribe",
      options,
      (client, o) => this.#host.subscriptions.unsubscribe(this, params, client, o),
      params.uri,
    );
  }
  override listen(filter: Parameters<Client["listen"]>[0], options?: Options): Promise<McpSubscription> {
    return this.#call("subscriptions/listen", options, (client, o) =>
      this.#host.subscriptions.listen(this, filter, client, o),
    );
  }
  // biome-ignore lint/suspicious/noExplicitAny: one body for the SDK's overloads, which callers see through `Session`.
  override request(request: any, schemaOrOptions?: any, maybeOptions?: any): Promise<any> {
    const schema = schemaOrOptions && "~standard" in schemaOrOptions ? schemaOrOptions : undefined;
    return this.#call(request.method, schema ? maybeOptions : schemaOrOptions, (client, o) =>
      schema ? client.request(request, schema, o) : client.request(request, o),
    );
  }

  /** Sent now or not at all: a notification is never queued. */
  override async notification(...args: Parameters<Client["notification"]>): Promise<void> {
    const ready = this.#open().link.ready;
    if (ready) return ready.client.notification(...args);
    const { method } = args[0];
    if (method === "notifications/cancelled" || method === "notifications/progress") return;
    throw new HoldfastError(
      "CONNECTION_LOST",
      `${this.link.name}: ${method} was not sent: there is no connection`,
      {
        server: this.link.name,
        outcome: "not-sent",
      },
    );
  }
  /** Without a connection there is nobody to tell, and the next handshake has the new roots. */
  override async sendRootsListChanged(): Promise<void> {
    const { ready } = this.#open().link;
    if (ready && ready.client.getProtocolEra() === "legacy") await ready.client.sendRootsListChanged();
  }
  async setRoots(roots: RootsOption): Promise<void> {
    this.#open();
    this.#roots = roots;
    await this.sendRootsListChanged();
  }
  roots() {
    return listRoots(this.#roots);
  }

  override async connect(): Promise<void> {
    throw new HoldfastError(
      "CONFIG_INVALID",
      `${this.link.name}: a session is connected already; call connectSession() for another`,
      {},
    );
  }

  /** Ends this scope, not the connection: its calls are cancelled and reject, its handlers are aborted. */
  override async close(): Promise<void> {
    this.end(
      new HoldfastError("SESSION_CLOSED", `${this.link.name}: the session was closed`, {
        server: this.link.name,
      }),
    );
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  end(reason: HoldfastError): void {
    if (this.ended) return;
    this.#end.abort(reason);
    this.#host.onEnd(this);
    this.#tell(() => this.onclose?.());
  }

  /** A new epoch is ready: the getters answer for it from now on. */
  adopt(ready: Ready): void {
    this.#seen = ready.client;
    this._negotiatedProtocolVersion = ready.client.getNegotiatedProtocolVersion() as string;
  }

  /** A notification of the server, for the handlers registered here. */
  deliver(notification: JSONRPCNotification): void {
    if (this.ended) return;
    const { onNotification } = this.#options;
    if (onNotification) this.#tell(() => onNotification(notification as Notification));
    this._onnotification(notification);
  }
  report(error: Error): void {
    if (this.ended) return;
    this.#tell(() => this.onerror?.(error));
    this.#tell(() => this.#options.onError?.(error));
  }
  handles(method: string): boolean {
    return (this._getRequestHandler(method) ?? this.fallbackRequestHandler) !== undefined;
  }
  /** A request of the server; rejects when the session ends, which answers the server with an error. */
  answer(request: JSONRPCRequest, ctx: ClientContext): Promise<Result> {
    const handler = this._getRequestHandler(request.method) ?? this.fallbackRequestHandler!;
    const controller = new AbortController();
    const abort = (signal: AbortSignal) => controller.abort(signal.reason);
    ctx.mcpReq.signal.addEventListener("abort", () => abort(ctx.mcpReq.signal), { once: true });
    return new Promise<Result>((resolve, reject) => {
      const onEnd = () => {
        abort(this.#end.signal);
        reject(this.#end.signal.reason);
      };
      this.#end.signal.addEventListener("abort", onEnd, { once: true });
      handler(request, { ...ctx, mcpReq: { ...ctx.mcpReq, signal: controller.signal } })
        .then(resolve, reject)
        .finally(() => this.#end.signal.removeEventListener("abort", onEnd));
    });
  }
  wantsLog(level: LoggingLevel): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#logLevel ?? "debug");
  }

  toJSON(): object {
    return { session: this.link?.name, ended: this.ended, status: this.link?.status() };
  }
  [inspect.custom](): object {
    return this.toJSON();
  }

  #call<T>(method: string, options: Options | undefined, send: Send<T>, name?: string, none?: T): Promise<T> {
    const { onProgress, timeoutMs } = this.#options;
    const spec = {
      method,
      name,
      options:
        onProgress && !options?.onprogress
          ? { ...options, onprogress: this.#progressOf(method, name) }
          : options,
      timeoutMs: timeoutMs ?? DEFAULTS.callTimeoutMs,
      session: this,
      ended: this.#end.signal,
    };
    return runCall(this.link, spec, (client, sendOptions) => {
      const missing = missingCapability(client.getServerCapabilities(), method);
      if (missing === undefined) return send(client, sendOptions);
      if (none !== undefined) return Promise.resolve(none);
      const message = `${this.link.name} does not support ${missing} (required for ${method})`;
      throw new SdkError(SdkErrorCode.CapabilityNotSupported, message);
    });
  }

  #progressOf(method: string, name: string | undefined): (progress: Progress) => void {
    const call = name === undefined ? { method } : { method, name };
    return (progress) => this.#tell(() => this.#options.onProgress?.(progress, call));
  }

  #open(): this {
    if (this.ended) throw this.#end.signal.reason;
    return this;
  }
  #withLogLevel<P extends { _meta?: Record<string, unknown> | undefined }>(client: Client, params: P): P {
    if (!this.#options.onLog && !this.#logLevel) return params;
    if (client.getProtocolEra() !== "modern") return params;
    return { ...params, _meta: { [LOG_LEVEL]: this.#logLevel ?? "debug", ...params._meta } };
  }
  /** A user's callback that throws is the user's to hear of, not the connection's to die of. */
  #tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      queueMicrotask(() =>
        this.link.announce({ type: "warning", message: `a callback of a session threw: ${String(error)}` }),
      );
    }
  }
}

function asStrings(values: Record<string, unknown> | undefined): Record<string, string> | undefined {
  if (!values) return undefined;
  return Object.fromEntries(
    Object.entries(values).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
  );
}
