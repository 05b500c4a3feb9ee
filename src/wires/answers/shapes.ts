import { type SpecTypeName, specTypeSchemas } from "@modelcontextprotocol/client";
import { type Check, type Issue, valueAt } from "./issues.js";

/** What an answer to a method looks like. */
export interface Shape {
  readonly check: Check;
  /** The list that it carries, and what one item of it looks like. */
  readonly list?: { readonly key: string; readonly check: Check };
  /** An empty answer carries nothing, so that whatever comes in its place means the same. */
  readonly empty?: boolean;
  /** What the modern revision demands besides its type. */
  readonly cacheable?: boolean;
}

const checkOf =
  (name: SpecTypeName): Check =>
  (value) =>
    (specTypeSchemas[name]["~standard"].validate(value) as { issues?: readonly Issue[] }).issues ?? [];

const listOf = (name: SpecTypeName, key: string, item: SpecTypeName): Shape => ({
  check: checkOf(name),
  list: { key, check: checkOf(item) },
  cacheable: true,
});

const EMPTY: Shape = { check: checkOf("EmptyResult"), empty: true };

const SHAPES: Record<string, Shape> = {
  initialize: { check: checkOf("InitializeResult") },
  "server/discover": { check: checkOf("DiscoverResult"), cacheable: true },
  ping: EMPTY,
  "logging/setLevel": EMPTY,
  "resources/subscribe": EMPTY,
  "resources/unsubscribe": EMPTY,
  "tools/list": { ...listOf("ListToolsResult", "tools", "Tool"), check: checkTools },
  "prompts/list": listOf("ListPromptsResult", "prompts", "Prompt"),
  "resources/list": listOf("ListResourcesResult", "resources", "Resource"),
  "resources/templates/list": listOf("ListResourceTemplatesResult", "resourceTemplates", "ResourceTemplate"),
  "tools/call": { check: checkOf("CallToolResult") },
  "prompts/get": { check: checkOf("GetPromptResult") },
  "resources/read": { check: checkOf("ReadResourceResult"), cacheable: true },
  "completion/complete": { check: checkOf("CompleteResult") },
};

const ANY: Shape = { check: checkOf("Result") };

const checkTool = checkOf("Tool");

function checkTools(result: unknown): readonly Issue[] {
  const check = checkOf("ListToolsResult");
  const issues = check(result);
  forgetList(result, check);
  return issues;
}

/** Before the 2026-07-28 revision an output schema described an object, like an input schema, and nothing else. */
const checkLegacyTool: Check = (tool) => {
  const issues = checkTool(tool);
  const outputSchema = valueAt(tool, ["outputSchema"]);
  if (outputSchema === undefined || issues.length > 0) return issues;
  const unlike = checkTool({ name: "", inputSchema: outputSchema }).length > 0;
  return unlike ? [{ path: ["outputSchema"], message: "expected the schema of an object" }] : issues;
};

/** What is stricter where the request was of an earlier revision; the SDK exports the schemas of the latest. */
const LEGACY: Record<string, Shape> = {
  "tools/list": {
    check: (result) => {
      const tools = valueAt(result, ["tools"]);
      const issues = checkTools(result);
      return issues.length > 0 || !Array.isArray(tools) ? issues : tools.flatMap(checkLegacyTool);
    },
    list: { key: "tools", check: checkLegacyTool },
  },
};

/** Of a method that the protocol does not know only the envelope is looked at. */
export function shapeOfAnswer(method: string, modern: boolean): Shape {
  if (!modern && Object.hasOwn(LEGACY, method)) return LEGACY[method]!;
  return Object.hasOwn(SHAPES, method) ? SHAPES[method]! : ANY;
}

const JSON_VALUE = { a: { b: [{}] } };
const SMALL_SCHEMA = { type: "object", properties: JSON_VALUE, required: [] };
const SMALL_LIST = {
  tools: [
    { name: "", inputSchema: SMALL_SCHEMA, outputSchema: SMALL_SCHEMA, annotations: {}, _meta: JSON_VALUE },
  ],
};

/**
 * zod keeps all of what a recursive schema parsed last, with what came of it, until it parses the next: of the one list of a hundred
 * servers that would be for ever. `parse`: what read the list.
 */
export function forgetList(result: unknown, parse: (small: object) => unknown): void {
  if (Array.isArray(valueAt(result, ["tools"]))) parse(SMALL_LIST);
}

export const checkContent = checkOf("ContentBlock");

const SAID: Record<string, Check> = {
  "notifications/message": checkOf("LoggingMessageNotification"),
  "notifications/progress": checkOf("ProgressNotification"),
  "notifications/cancelled": checkOf("CancelledNotification"),
  "notifications/resources/updated": checkOf("ResourceUpdatedNotification"),
  "sampling/createMessage": checkOf("CreateMessageRequest"),
  "elicitation/create": checkOf("ElicitRequest"),
  "roots/list": checkOf("ListRootsRequest"),
  ping: checkOf("PingRequest"),
};

/** What a request or notification of the server looks like. */
export const checkSaid = (method: string): Check =>
  Object.hasOwn(SAID, method)
    ? SAID[method]!
    : checkOf(method.startsWith("notifications/") ? "Notification" : "Request");
