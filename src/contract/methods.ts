import type { ServerCapabilities } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { shownUri } from "../base/redact.js";
import type { ListKind } from "./status.js";

/** What the runtime knows of one method of the protocol. */
interface MethodFacts {
  /** The capability of the server without which it is not sent. */
  readonly needs?: keyof ServerCapabilities;
  /** Done twice it is what it is once, so it may be sent again. Of `tools/call` the tool's annotations say it. */
  readonly repeatable?: boolean;
  /** The parameter that says what is asked for. */
  readonly named?: "name" | "uri";
  /** The list that it reads, which is also the field of its result. */
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
};

const UNKNOWN: MethodFacts = {};

/** Of a method that is not the protocol's nothing is known. */
export const factsOf = (method: string): MethodFacts =>
  Object.hasOwn(METHODS, method) ? METHODS[method]! : UNKNOWN;

/** The tool, prompt or resource that a request asks for, as it may be shown. */
export function nameIn(method: string, params: unknown): string | undefined {
  const { name, uri } = fieldsOf(params);
  const { named } = factsOf(method);
  if (named !== "uri" && typeof name === "string") return name;
  return typeof uri === "string" ? shownUri(uri) : undefined;
}
