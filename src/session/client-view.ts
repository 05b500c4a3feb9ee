import {
  Client,
  type Implementation,
  type McpSubscription,
  type RequestOptions,
} from "@modelcontextprotocol/client";
import { shownUri } from "../base/redact.js";
import type { ReplayOption, Session } from "../contract/session.js";

export type CallOptions = RequestOptions & ReplayOption;
export type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;
type First<M extends keyof Client> = Client[M] extends (first: infer P, ...rest: never[]) => unknown
  ? P
  : never;

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
export abstract class ClientView extends Client {
  #seen: Seen | undefined;

  /** One call; `none` is the answer where the server does not offer what is asked for. */
  protected abstract call<T>(
    method: string,
    options: CallOptions | undefined,
    send: Send<T>,
    name?: string,
    none?: T,
  ): Promise<T>;
  /** The params of a request that the server may log about. */
  protected abstract logged<P extends object>(client: Client, params: P): P;

  /** A new epoch is ready: the getters answer for it from now on. */
  protected see(client: Client): void {
    this._negotiatedProtocolVersion = client.getNegotiatedProtocolVersion() as string;
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

  override callTool(params: First<"callTool">, options?: Parameters<Client["callTool"]>[1] & ReplayOption) {
    return this.call(
      "tools/call",
      options,
      (client, o) => client.callTool(this.logged(client, params), o),
      params.name,
    );
  }
  override listTools(params?: First<"listTools">, options?: CallOptions) {
    return this.call("tools/list", options, (client, o) => client.listTools(params, o), undefined, {
      tools: [],
    });
  }
  override listPrompts(params?: First<"listPrompts">, options?: CallOptions) {
    return this.call("prompts/list", options, (client, o) => client.listPrompts(params, o), undefined, {
      prompts: [],
    });
  }
  override listResources(params?: First<"listResources">, options?: CallOptions) {
    const none = { resources: [] };
    return this.call(
      "resources/list",
      options,
      (client, o) => client.listResources(params, o),
      undefined,
      none,
    );
  }
  override listResourceTemplates(params?: First<"listResourceTemplates">, options?: CallOptions) {
    const none = { resourceTemplates: [] };
    const send: Send<Awaited<ReturnType<Client["listResourceTemplates"]>>> = (client, o) =>
      client.listResourceTemplates(params, o);
    return this.call("resources/templates/list", options, send, undefined, none);
  }
  override readResource(params: First<"readResource">, options?: CallOptions) {
    return this.call(
      "resources/read",
      options,
      (client, o) => client.readResource(this.logged(client, params), o),
      shownUri(params.uri),
    );
  }
  override getPrompt(params: Parameters<Session["getPrompt"]>[0], options?: CallOptions) {
    const sent = { ...params, arguments: asStrings(params.arguments) };
    return this.call(
      "prompts/get",
      options,
      (client, o) => client.getPrompt(this.logged(client, sent), o),
      params.name,
    );
  }
  override complete(params: First<"complete">, options?: CallOptions) {
    return this.call("completion/complete", options, (client, o) => client.complete(params, o));
  }
  override discover(options?: CallOptions) {
    return this.call("server/discover", options, (client, o) => client.discover(o));
  }
  override ping(options?: CallOptions) {
    return this.call("ping", options, async (client, o) => {
      if (client.getProtocolEra() === "legacy") return client.ping(o);
      await client.discover(o);
      return {};
    });
  }
  // biome-ignore lint/suspicious/noExplicitAny: one body for the SDK's overloads, which callers see through `Session`.
  override request(request: any, schemaOrOptions?: any, maybeOptions?: any): Promise<any> {
    const schema = schemaOrOptions && "~standard" in schemaOrOptions ? schemaOrOptions : undefined;
    const { name, uri } = request.params ?? {};
    const options = schema ? maybeOptions : schemaOrOptions;
    const send: Send<unknown> = (client, o) =>
      schema ? client.request(request, schema, o) : client.request(request, o);
    return this.call(request.method, options, send, name ?? uri);
  }
}

function asStrings(values: Record<string, unknown> | undefined): Record<string, string> | undefined {
  if (!values) return undefined;
  return Object.fromEntries(
    Object.entries(values).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
  );
}
