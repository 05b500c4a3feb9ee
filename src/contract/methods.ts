import type { ServerCapabilities } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { shownUri } from "../base/redact.js";
import type { ListKind } from "./status.js";

/** What holdfast knows about one method of the protocol. */
interface MethodFacts {
  /** The method is sent only to servers with this capability. */
  readonly needs?: keyof ServerCapabilities;
  /** Doing it twice is the same as doing it once, so it may be sent again. For `tools/call` the tool's annotations decide. */
  readonly repeatable?: boolean;
  /** The parameter that names the tool, prompt or resource. */
  readonly named?: "name" | "uri";
  /** The list that it reads. Its result has a field of the same name. */
  readonly list?: ListKind;
}

const METHODS: Readonly<Record<string, MethodFacts>> = {
  ping: { repeatable: true },
  "server/discover": { repeatable: true },
  "logging/setLevel": { repeatable: true },
  "tools/list": { needs: "tools", repeatable: true, list: "tools" },
  "tools/call": { needs: "tools", named: "name" },
  "prompts/list": { needs: "prompts", repeatable: true, list: "prompts" },
  "prompts/get": { needs: "prompts", repeatable: true, named: "name" },
  "resources/list": { needs: "resources", repeatable: true, list: "resources" },
  "resources/templates/list": { needs: "resources", repeatable: true, list: "resourceTemplates" },
  "resources/read": { needs: "resources", repeatable: true, named: "uri" },
  "resources/subscribe": { needs: "resources", repeatable: true, named: "uri" },
  "resources/unsubscribe": { needs: "resources", repeatable: true, named: "uri" },
  "completion/complete": { needs: "completions", repeatable: true },
  // Of the legacy era, and of an extension of the modern one.
  "tasks/get": { repeatable: true },
  "tasks/result": { repeatable: true },
  "tasks/list": { repeatable: true },
  "tasks/update": { repeatable: true },
  "tasks/cancel": { repeatable: true },
};

const UNKNOWN: MethodFacts = {};

/** Whether holdfast knows this method of the protocol. */
export const isKnownMethod = (method: string): boolean => Object.hasOwn(METHODS, method);

/** The facts about a method. About an unknown method nothing is known. */
export const factsOf = (method: string): MethodFacts => (isKnownMethod(method) ? METHODS[method]! : UNKNOWN);

/** The tool, prompt or resource that a request names, without secrets. Undefined: it names none. */
export function nameIn(method: string, params: unknown): string | undefined {
  const { name, uri } = fieldsOf(params);
  const { named } = factsOf(method);
  if (named !== "uri" && typeof name === "string") return name;
  return typeof uri === "string" ? shownUri(uri) : undefined;
}

/** The notifications for the lists that a server, which answered so to `initialize`, may change. */
export function listChangesIn(result: unknown): string[] {
  const capabilities = fieldsOf(fieldsOf(result)["capabilities"]);
  return ["tools", "prompts", "resources"]
    .filter((kind) => fieldsOf(capabilities[kind])["listChanged"] === true)
    .map((kind) => `notifications/${kind}/list_changed`);
}

/** What a server asks of a client. */
export const QUESTIONS = ["sampling/createMessage", "elicitation/create", "roots/list"] as const;
