import type {
  Client,
  Implementation,
  JSONRPCNotification,
  McpSubscription,
  RequestOptions,
} from "@modelcontextprotocol/client";
import type { ReplayOption, Session } from "../contract/session.js";
import type { SessionTasks, TaskOption } from "../contract/tasks.js";
import { Tasks } from "../tasks/session-tasks.js";
import type { ConnectionPort } from "./ports.js";
import { ClientInternals } from "./sdk-internals.js";
import { checkNamed, isSchema } from "./sdk-v1.js";
import { type TaskOwner, taskHostOf } from "./task-host.js";

export type CallOptions = RequestOptions & ReplayOption;
export type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;
type First<M extends keyof Client> = Client[M] extends (first: infer P, ...rest: never[]) => unknown
  ? P
  : never;

export type CallToolOptions = Parameters<Client["callTool"]>[1] & ReplayOption & TaskOption;

/** One call, as its caller makes it. */
export interface CallRequest {
  method: string;
  params?: unknown;
  options: CallOptions | undefined;
}

/** What the getters answer: a picture taken at the last handshake, because a Client forgets when it is closed. */
interface Seen {
  capabilities: ReturnType<Client["getServerCapabilities"]>;
  version: Implementation | undefined;
  instructions: string | undefined;
  discover: ReturnType<Client["getDiscoverResult"]>;
}

/**
 * The SDK's public methods on a Client that is never connected itself: each becomes a call, which the session sends
 * through the Client of the current epoch.
 */
export abstract class ClientView extends ClientInternals {
  #seen: Seen | undefined;
  /** What was given to answer each request of the server with. */
  protected readonly given = new Map<string, unknown>();

  #tasks: Tasks | undefined;

  abstract readonly port: ConnectionPort;
  /** Whether a server may make a task of any call: its client said that it knows them. */
  protected abstract readonly callsTasks: boolean;

  protected abstract call<T>(request: CallRequest, send: Send<T>): Promise<T>;
  protected abstract tasksIn(): Pick<TaskOwner, "ended" | "store">;
  abstract report(error: Error): void;
  /** The params of a request that the server may log about. */
  protected abstract logged<P extends object>(client: Client, params: P): P;

  /** A new epoch is ready: the getters answer for it from now on. */
  protected see(client: Client): void {
    this.setProtocolVersion(client.getNegotiatedProtocolVersion());
    this.#seen = {
      capabilities: client.getServerCapabilities(),
      version: client.getServerVersion(),
      instructions: client.getInstructions(),
      discover: client.getDiscoverResult(),
    };
  }

  override getServerCapabilities() {
    return this.#seen?.capabilities;
  }
  override getServerVersion() {
    return this.#seen?.version;
  }
  override getInstructions() {
    return this.#seen?.instructions;
  }
  override getDiscoverResult() {
    return this.#seen?.discover;
  }
  /** The runtime's listen stream is its own; it outlives epochs and is shown as `status.listening`. */
  override get autoOpenedSubscription(): McpSubscription | undefined {
    return undefined;
  }

  /** Code for the SDK 1 has a schema of the result before its options. */
  override callTool(params: First<"callTool">, options?: CallToolOptions, optionsOfV1?: CallToolOptions) {
    const own = isSchema(options) || optionsOfV1 ? optionsOfV1 : options;
    if (own?.task !== undefined || this.callsTasks) return this.#callTask(params, { task: "auto", ...own });
    return this.#callTool(params, own);
  }
  /** The long calls of this session. */
  get tasks(): SessionTasks {
    return this.#ownTasks;
  }
  get #ownTasks(): Tasks {
    this.#tasks ??= new Tasks(
      taskHostOf({
        ...this.tasksIn(),
        session: this,
        call: (request, send) => this.call(request, send),
        logged: (client, params) => this.logged(client, params),
      }),
    );
    return this.#tasks;
  }
  /** A notification of the server that may be about a task of ours. */
  protected hearTask({ method, params }: JSONRPCNotification): void {
    if (this.#tasks && method.startsWith("notifications/tasks")) this.#tasks.hear(params);
  }
  async #callTask(params: First<"callTool">, given: CallToolOptions & TaskOption) {
    const { task: _, onTask: __, ...options } = given;
    return (await this.#ownTasks.callAs(params, given)) ?? this.#callTool(params, options);
  }
  #callTool(params: First<"callTool">, own: CallToolOptions | undefined) {
    return this.call({ method: "tools/call", params, options: own }, (client, o) =>
      client.callTool(this.logged(client, params), o),
    );
  }
  override listTools(params?: First<"listTools">, options?: CallOptions) {
    return this.call({ method: "tools/list", params, options }, (client, o) => client.listTools(params, o));
  }
  override listPrompts(params?: First<"listPrompts">, options?: CallOptions) {
    return this.call({ method: "prompts/list", params, options }, (client, o) =>
      client.listPrompts(params, o),
    );
  }
  override listResources(params?: First<"listResources">, options?: CallOptions) {
    return this.call({ method: "resources/list", params, options }, (client, o) =>
      client.listResources(params, o),
    );
  }
  override listResourceTemplates(params?: First<"listResourceTemplates">, options?: CallOptions) {
    return this.call({ method: "resources/templates/list", params, options }, (client, o) =>
      client.listResourceTemplates(params, o),
    );
  }
  override readResource(params: First<"readResource">, options?: CallOptions) {
    return this.call({ method: "resources/read", params, options }, (client, o) =>
      client.readResource(this.logged(client, params), o),
    );
  }
  override getPrompt(given: Parameters<Session["getPrompt"]>[0], options?: CallOptions) {
    const params = { ...given, arguments: asStrings(given.arguments) };
    return this.call({ method: "prompts/get", params, options }, (client, o) =>
      client.getPrompt(this.logged(client, params), o),
    );
  }
  override complete(params: First<"complete">, options?: CallOptions) {
    return this.call({ method: "completion/complete", params, options }, (client, o) =>
      client.complete(params, o),
    );
  }
  override discover(options?: CallOptions) {
    return this.call({ method: "server/discover", options }, (client, o) => client.discover(o));
  }
  override ping(options?: CallOptions) {
    return this.call({ method: "ping", options }, async (client, o) => {
      if (client.getProtocolEra() === "legacy") return client.ping(o);
      await client.discover(o);
      return {};
    });
  }
  // biome-ignore lint/suspicious/noExplicitAny: one body for the SDK's overloads, which callers see through `Session`.
  override request(request: any, schemaOrOptions?: any, maybeOptions?: any): Promise<any> {
    const schema = isSchema(schemaOrOptions) ? schemaOrOptions : undefined;
    const options = schema ? maybeOptions : schemaOrOptions;
    return this.call({ method: request.method, params: request.params, options }, (client, o) =>
      schema ? client.request(request, schema, o) : client.request(request, o),
    );
  }

  override setRequestHandler(...args: unknown[]): void {
    checkNamed("setRequestHandler", args[0]);
    Reflect.apply(super.setRequestHandler, this, args);
    // The SDK registers some of its own before this object is made.
    this.given?.set(String(args[0]), args.at(-1));
  }
  override setNotificationHandler(...args: unknown[]): void {
    checkNamed("setNotificationHandler", args[0]);
    Reflect.apply(super.setNotificationHandler, this, args);
  }
}

function asStrings(values: Record<string, unknown> | undefined): Record<string, string> | undefined {
  if (!values) return undefined;
  return Object.fromEntries(
    Object.entries(values).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
  );
}
