import {
  CLIENT_CAPABILITIES_META_KEY,
  Client,
  type JSONRPCNotification,
  type JsonSchemaType,
  type JsonSchemaValidator,
  type RequestOptions,
  type Tool,
} from "@modelcontextprotocol/client";
import { type Ajv, AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import { type Fields, fieldsOf } from "../base/fields.js";
import { ANY_RESULT } from "../contract/any-result.js";
import { MODERN_REVISION, TASKS_EXTENSION } from "../contract/protocol.js";

/*
 * What holdfast uses of the SDK beyond its public interface, besides `_resolveNonCompleteResult` in
 * connection/epoch-client.ts, `_onclose` there and `_wrapHandler` in gateway/relay-server.ts, which are overridden. An upgrade of the
 * SDK looks here first.
 */

/** The protected members of the SDK's Client, under names of our own. */
export abstract class ClientInternals extends Client {
  /** Who answers this request of the server. */
  protected handlerOf(method: string) {
    return this._getRequestHandler(method) ?? this.fallbackRequestHandler;
  }

  /** Whether a notification has a handler. */
  protected handlesNotification(method: string): boolean {
    const { _notificationHandlers: handlers } = this as unknown as {
      _notificationHandlers: Map<string, unknown>;
    };
    return handlers.has(method) || this.fallbackNotificationHandler !== undefined;
  }

  /** Hands a notification to its handler, as if it had come over a transport. */
  protected handleNotification(notification: JSONRPCNotification): void {
    this._onnotification(notification);
  }

  /** What the getters of the version and the era answer. */
  protected setProtocolVersion(version: string | undefined): void {
    if (version !== undefined) this._negotiatedProtocolVersion = version;
  }
}

/** The SDK's reader and writer of the revision that a Client speaks. */
type Codec = ReturnType<Client["_wireCodec"]>;

const TASK_METHODS = new Set(["tasks/get", "tasks/update", "tasks/cancel"]);
const withTasks = new WeakMap<Codec, Codec>();

/** The codec of the modern revision that knows the tasks extension, which the SDK's refuses in both directions. */
function knowingTasks(codec: Codec): Codec {
  const known = withTasks.get(codec);
  if (known) return known;
  const made: Codec = Object.assign(Object.create(codec), {
    hasRequestMethod: (method: string) => TASK_METHODS.has(method) || codec.hasRequestMethod(method),
    decodeResult: (method: string, raw: unknown) =>
      method === "tools/call" && fieldsOf(raw)["resultType"] === "task"
        ? { kind: "complete", result: raw }
        : codec.decodeResult(method, raw as Parameters<Codec["decodeResult"]>[1]),
  });
  withTasks.set(codec, made);
  return made;
}

/** Makes a Client know the tasks extension. The method is private in the SDK's types. */
export function teachTasks(client: Client): void {
  const sdk = client as unknown as { _negotiatedWireCodec(): Codec };
  const negotiated = sdk._negotiatedWireCodec.bind(client);
  sdk._negotiatedWireCodec = () => {
    const codec = negotiated();
    return codec.era === MODERN_REVISION ? knowingTasks(codec) : codec;
  };
}

/** The params of a request of a modern Client that tells its server that it knows tasks. */
export function withTasksDeclared<P extends Fields>(client: Client, params: P): P {
  const envelope = (
    client as unknown as { _outboundMetaEnvelope(): Fields | undefined }
  )._outboundMetaEnvelope();
  if (!envelope) return params;
  const capabilities = fieldsOf(envelope[CLIENT_CAPABILITIES_META_KEY]);
  const extensions = { ...fieldsOf(capabilities["extensions"]), [TASKS_EXTENSION]: {} };
  const meta = {
    ...fieldsOf(params["_meta"]),
    [CLIENT_CAPABILITIES_META_KEY]: { ...capabilities, extensions },
  };
  return { ...params, _meta: meta };
}

/** Puts questions to the handlers of a Client, as if they had come in the answer to a call, and gives their answers by the same keys. */
export async function answersTo(
  client: Client,
  inputRequests: Fields,
  options: RequestOptions,
): Promise<Fields> {
  const sdk = client as unknown as {
    _wireCodec(): Codec;
    _resolveNonCompleteResult(decoded: object, flow: object): Promise<unknown>;
  };
  const answers = await sdk._resolveNonCompleteResult(
    { kind: "input_required", inputRequests },
    {
      codec: sdk._wireCodec(),
      request: { method: "tools/call", params: {} },
      resultSchema: ANY_RESULT,
      options,
      flowStartedAt: Date.now(),
      retry: async (params: unknown) => fieldsOf(params)["inputResponses"],
    },
  );
  return fieldsOf(answers);
}

/** What a server of the SDK, 1 or 2, says of itself: private there, and told with the handshake only. */
export const serverInfoOf = (server: unknown): Fields => fieldsOf(fieldsOf(server)["_serverInfo"]);

/** What the SDK bundles to check schemas with, its rules and options included. */
export type SchemaEngine = InstanceType<typeof Ajv>;

/**
 * A new engine for the dialect that a schema declares. The SDK exports the one of draft 7 only.
 * @throws Error for a dialect that it does not know
 */
export function schemaEngine(schema: JsonSchemaType): SchemaEngine {
  const sdk = new AjvJsonSchemaValidator() as unknown as { _engineFor(schema: JsonSchemaType): SchemaEngine };
  return sdk._engineFor(schema);
}

/**
 * What a Client checks the structured content of a tool with, as it finds that itself: by the tools that were listed. Undefined
 * where none is listed, or it declares no schema, or one that the Client's validator does not compile.
 */
export async function outputValidatorOf(
  client: Client,
  name: string,
): Promise<JsonSchemaValidator<unknown> | undefined> {
  const sdk = client as unknown as OutputValidators;
  return (await sdk._cache.outputValidator(name, (tool) => sdk._compileOutputValidator(tool)))?.validator;
}

interface OutputValidators {
  _cache: {
    outputValidator(name: string, compile: (tool: Tool) => unknown): Promise<Compiled | undefined>;
  };
  _compileOutputValidator(tool: Tool): unknown;
}

interface Compiled {
  validator?: JsonSchemaValidator<unknown>;
}
