import { inspect } from "node:util";
import type {
  Client,
  ClientContext,
  JSONRPCNotification,
  JSONRPCRequest,
  LoggingLevel,
  McpSubscription,
  Notification,
  Progress,
  Result,
  Transport,
} from "@modelcontextprotocol/client";
import { controllerForMany } from "../base/abort.js";
import { runCallback } from "../base/callback.js";
import { HoldfastError } from "../base/errors.js";
import { untilAborted } from "../base/wait.js";
import type { SessionTransport } from "../contract/door.js";
import { nameIn } from "../contract/methods.js";
import type { RootsOption, Session, SessionOptions, TransportHandle } from "../contract/session.js";
import { asTransport } from "../gateway/as-transport.js";
import { runCall } from "./call.js";
import { CallSpec } from "./call-spec.js";
import { knowsTasks, missingCapability, notOffered } from "./capabilities.js";
import { type CallOptions, type CallRequest, ClientView, type Send } from "./client-view.js";
import { capabilitiesOf, handlersIn, listRoots, registerHandlers } from "./handlers.js";
import { isWanted, withLogLevel } from "./log-levels.js";
import type { ConnectionPort, Declarations, Filter, Participant, Ready } from "./ports.js";

/** What the runtime gives a session. */
export interface SessionHost {
  port: ConnectionPort;
  connection: TransportHandle;
  subscriptions: Declarations;
  /** Called once, when the session ends. */
  onEnd(session: SessionView): void;
}

/** The guarded view that `connectSession` hands out: its handlers, its calls and its end. */
export class SessionView extends ClientView implements Session, Participant {
  readonly port: ConnectionPort;
  readonly connection: TransportHandle;
  protected readonly callsTasks: boolean;
  readonly #host: SessionHost;
  readonly #options: SessionOptions;
  readonly #end = controllerForMany();
  #roots: RootsOption;
  #logLevel: LoggingLevel | undefined;

  constructor(host: SessionHost, options: SessionOptions, clientInfo: { name: string; version: string }) {
    super(clientInfo, { capabilities: capabilitiesOf(options) });
    this.#host = host;
    this.port = host.port;
    this.connection = host.connection;
    this.#options = options;
    this.callsTasks = knowsTasks(capabilitiesOf(options));
    this.#roots = options.roots ?? [];
    this.#logLevel = options.logLevel;
    registerHandlers(this, options);
    // These were wrapped for this session; whose they are is told by what was passed in.
    for (const [method, handler] of handlersIn(options)) this.given.set(method, handler);
  }

  get ended(): boolean {
    return this.#end.signal.aborted;
  }
  /** What this session wants of the server's log, as far as it said so. */
  get logLevel(): LoggingLevel | undefined {
    return this.#logLevel;
  }
  override get transport(): Transport | undefined {
    return this.ended ? undefined : this.port.ready?.guard;
  }

  override async setLoggingLevel(level: LoggingLevel, options?: CallOptions) {
    this.#open();
    this.#logLevel = level;
    return this.call({ method: "logging/setLevel", options }, async (client, o) => {
      if (client.getProtocolEra() !== "legacy") return {};
      return client.setLoggingLevel(this.#host.subscriptions.logLevel() ?? level, o);
    });
  }
  override subscribeResource(params: { uri: string }, options?: CallOptions) {
    const { subscriptions } = this.#host;
    return this.call({ method: "resources/subscribe", params, options }, (client, o) =>
      subscriptions.subscribe(this, params.uri, client, o),
    );
  }
  override unsubscribeResource(params: { uri: string }, options?: CallOptions) {
    const { subscriptions } = this.#host;
    return this.call({ method: "resources/unsubscribe", params, options }, (client, o) =>
      subscriptions.unsubscribe(this, params.uri, client, o),
    );
  }
  override listen(filter: Filter, options?: CallOptions): Promise<McpSubscription> {
    const { subscriptions } = this.#host;
    return this.call({ method: "subscriptions/listen", options }, (client, o) =>
      subscriptions.listen(this, filter, client, o),
    );
  }

  /** Sent now or not at all: a notification is never queued. */
  override async notification(...args: Parameters<Client["notification"]>): Promise<void> {
    const { ready } = this.#open().port;
    if (ready) return ready.client.notification(...args);
    const { method } = args[0];
    if (method === "notifications/cancelled" || method === "notifications/progress") return;
    const { name: server } = this.port;
    const message = `${server}: ${method} was not sent: there is no connection`;
    throw new HoldfastError("CONNECTION_LOST", message, { server, outcome: "not-sent" });
  }
  /** Without a connection there is nobody to tell, and the next handshake has the new roots. */
  override async sendRootsListChanged(): Promise<void> {
    const { ready } = this.#open().port;
    if (ready?.client.getProtocolEra() === "legacy") await ready.client.sendRootsListChanged();
  }
  asTransport(): SessionTransport {
    return asTransport(this.connection, this.#open().#end.signal);
  }
  async setRoots(roots: RootsOption): Promise<void> {
    this.#open();
    this.#roots = roots;
    this.given.set("roots/list", roots);
    await this.sendRootsListChanged();
  }
  roots() {
    return listRoots(this.#roots);
  }

  override async connect(): Promise<void> {
    const message = `${this.port.name}: a session is connected already; call connectSession() for another`;
    throw new HoldfastError("CONFIG_INVALID", message, { server: this.port.name });
  }

  /** Ends this scope, not the connection: its calls are cancelled and reject, its handlers are aborted. */
  override async close(): Promise<void> {
    const { name: server } = this.port;
    this.end(new HoldfastError("SESSION_CLOSED", `${server}: the session was closed`, { server }));
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  end(reason: HoldfastError): void {
    if (this.ended) return;
    this.#end.abort(reason);
    this.#host.onEnd(this);
    this.#guardCallback(() => this.onclose?.());
  }

  adopt(ready: Ready): void {
    this.see(ready.client);
  }
  hears(method: string): boolean {
    return !this.ended && (this.#options.onNotification !== undefined || this.handlesNotification(method));
  }
  /** A notification of the server, for the handlers registered here. */
  deliver(notification: JSONRPCNotification): void {
    if (this.ended) return;
    const { onNotification } = this.#options;
    if (onNotification) this.#guardCallback(() => onNotification(notification as Notification));
    this.hearTask(notification);
    this.handleNotification(notification);
  }
  report(error: Error): void {
    if (this.ended) return;
    const told = this.#host.port.shown(error);
    this.#guardCallback(() => this.onerror?.(told));
    this.#guardCallback(() => this.#options.onError?.(told));
  }
  handles(method: string): boolean {
    return this.handlerOf(method) !== undefined;
  }
  owner(method: string): unknown {
    return this.given.get(method) ?? this.fallbackRequestHandler;
  }
  /** A request of the server; rejects when the session ends, which answers the server with an error. */
  answer(request: JSONRPCRequest, ctx: ClientContext): Promise<Result> {
    const handler = this.handlerOf(request.method)!;
    const signal = AbortSignal.any([ctx.mcpReq.signal, this.#end.signal]);
    return untilAborted(handler(request, { ...ctx, mcpReq: { ...ctx.mcpReq, signal } }), signal);
  }
  wantsLog(level: LoggingLevel): boolean {
    return isWanted(level, this.#logLevel);
  }

  /** A session may be logged: this is all of it that anybody may see. */
  toJSON(): object {
    return { session: this.port?.name, ended: this.ended, status: this.port?.status() };
  }
  [inspect.custom](): object {
    return this.toJSON();
  }

  protected override call<T>({ method, params, options }: CallRequest, send: Send<T>): Promise<T> {
    const name = nameIn(method, params);
    const heard = this.#withProgress(method, name, options);
    const timeoutMs = this.port.callTimeoutMs(method, name) ?? this.#options.timeoutMs;
    const spec = new CallSpec(this, this.#end.signal, method, name, params, heard, timeoutMs);
    return runCall(this.port, spec, (client, sendOptions) => {
      const missing = missingCapability(client.getServerCapabilities(), method);
      if (missing === undefined) return send(client, sendOptions);
      return Promise.resolve(notOffered(this.port, client, { method, missing }) as T);
    });
  }

  protected override tasksIn(): { ended: AbortSignal; store: SessionOptions["taskStore"] } {
    return { ended: this.#end.signal, store: this.#options.taskStore };
  }
  protected override logged<P extends object>(client: Client, params: P): P {
    if (!this.#options.onLog && !this.#logLevel) return params;
    return withLogLevel(client, params, this.#logLevel ?? "debug");
  }

  #withProgress(method: string, name: string | undefined, options: CallOptions | undefined) {
    const { onProgress } = this.#options;
    const own = options?.onprogress;
    if (!own && !onProgress) return options;
    const call = name === undefined ? { method } : { method, name };
    const onprogress = (progress: Progress) =>
      this.#guardCallback(() => (own ? own(progress) : onProgress?.(progress, call)));
    return { ...options, onprogress };
  }
  #open(): this {
    if (this.ended) throw this.#end.signal.reason;
    return this;
  }
  /** A user's callback that throws is the user's to hear of, not the connection's to die of. */
  #guardCallback(callback: () => unknown): void {
    runCallback(callback, (error) =>
      this.port.announce({
        type: "warning",
        message: `${this.port.name}: a callback of a session threw: ${String(error)}`,
      }),
    );
  }
}
