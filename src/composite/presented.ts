import type { Notification, Result, ServerCapabilities } from "@modelcontextprotocol/client";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { ListMethod, Params, PresentedMany, Route } from "../gateway/presented.js";
import type { Catalog } from "./catalog.js";
import type { Member } from "./member.js";
import { rewriteUris } from "./result-uris.js";
import type { ShownTool } from "./transforms.js";
import { joinInstructions, loggerOf } from "./words.js";

const listChanged = true;

/** The members of a composite as one server. */
export class PresentedMembers implements PresentedMany {
  constructor(
    private readonly catalog: Catalog,
    private readonly members: () => readonly Member[],
  ) {}

  upstreams(): readonly Member[] {
    return this.members();
  }

  capabilities(): ServerCapabilities {
    return {
      tools: { listChanged },
      prompts: { listChanged },
      resources: { listChanged, subscribe: true },
      logging: {},
      completions: {},
    };
  }

  instructions(): string | undefined {
    const all = this.members().flatMap(({ name, session }) => {
      const said = session?.getInstructions();
      return said ? { name, said } : [];
    });
    return joinInstructions(all);
  }

  async list(method: ListMethod, signal: AbortSignal): Promise<Result> {
    switch (method) {
      case "tools/list":
        return { tools: await this.catalog.tools(signal) };
      case "prompts/list":
        return { prompts: await this.catalog.prompts(signal) };
      case "resources/list":
        return { resources: await this.catalog.resources(signal) };
      case "resources/templates/list":
        return { resourceTemplates: await this.catalog.templates(signal) };
    }
  }

  known(method: string, params: Params): Route | undefined {
    const { catalog } = this;
    switch (method) {
      case "tools/call": {
        const found = catalog.knownTool(String(params["name"]));
        return found && toTool(found, params);
      }
      case "prompts/get": {
        const found = catalog.knownPrompt(String(params["name"]));
        return found && { upstream: found.member, params: { ...params, name: found.name } };
      }
      case "completion/complete":
        return this.#knownReference(params);
      default: {
        const found = catalog.knownResource(String(params["uri"]));
        return found && { upstream: found.member, params: { ...params, uri: found.uri } };
      }
    }
  }

  async route(method: string, params: Params, signal: AbortSignal): Promise<Route> {
    const { kind, shown } = wanted(method, params);
    if (kind === "resources") await this.catalog.lookForResource(signal);
    else await this.catalog.look(kind, shown, signal);
    const found = this.known(method, params);
    if (found) return found;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, this.catalog.whyNobody(kind, shown));
  }

  show(member: Member, method: string, result: Result): Result {
    return rewriteUris(method, result, (uri) => this.catalog.showUri(member.name, uri));
  }

  showNotification(member: Member, { method, params }: Notification): Notification {
    if (method === "notifications/resources/updated")
      return {
        method,
        params: { ...params, uri: this.catalog.showUri(member.name, String(params?.["uri"])) },
      };
    if (method !== "notifications/message") return params ? { method, params } : { method };
    return { method, params: { ...params, logger: loggerOf(member.name, params?.["logger"]) } };
  }

  #knownReference(params: Params): Route | undefined {
    const ref = referenceOf(params);
    if (ref.type === "ref/prompt") {
      const found = this.catalog.knownPrompt(String(ref.name));
      return found && { upstream: found.member, params: { ...params, ref: { ...ref, name: found.name } } };
    }
    const found = this.catalog.knownResource(String(ref.uri));
    return found && { upstream: found.member, params: { ...params, ref: { ...ref, uri: found.uri } } };
  }
}

const referenceOf = (params: Params) =>
  (params["ref"] ?? {}) as { type?: unknown; name?: unknown; uri?: unknown };

/** What a request is about, in the words of the client. */
function wanted(method: string, params: Params): { kind: "tools" | "prompts" | "resources"; shown: string } {
  if (method === "tools/call") return { kind: "tools", shown: String(params["name"]) };
  if (method === "prompts/get") return { kind: "prompts", shown: String(params["name"]) };
  if (method !== "completion/complete") return { kind: "resources", shown: String(params["uri"]) };
  const ref = referenceOf(params);
  return ref.type === "ref/prompt"
    ? { kind: "prompts", shown: String(ref.name) }
    : { kind: "resources", shown: String(ref.uri) };
}

function toTool({ member, tool }: { member: Member; tool: ShownTool }, params: Params): Route {
  const given = params["arguments"] as Params | undefined;
  return { upstream: member, params: { ...params, name: tool.original, arguments: tool.argumentsOf(given) } };
}
