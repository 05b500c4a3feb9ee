import {
  Client,
  type JSONRPCNotification,
  type JsonSchemaType,
  type JsonSchemaValidator,
  type Tool,
} from "@modelcontextprotocol/client";
import { type Ajv, AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import { type Fields, fieldsOf } from "../base/fields.js";

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

  /** Hands a notification to its handler, as if it had come over a transport. */
  protected handleNotification(notification: JSONRPCNotification): void {
    this._onnotification(notification);
  }

  /** What the getters of the version and the era answer. */
  protected setProtocolVersion(version: string | undefined): void {
    if (version !== undefined) this._negotiatedProtocolVersion = version;
  }
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
