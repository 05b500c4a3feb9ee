import type { Notification, Result, ServerCapabilities } from "@modelcontextprotocol/client";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { ListMethod, Params, Presented, Route } from "../gateway/presented.js";
import type { Catalog, Origin } from "./catalog.js";
import type { Member } from "./member.js";
import { rewriteUris } from "./result-uris.js";
import type { ShownTool } from "./transforms.js";

const listChanged = true;

/** The members of a composite as one server. */
export class PresentedMembers implements Presented {
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

  /** What the servers say of themselves, under their names. */
  instructions(): string | undefined {
    const all = this.members().flatMap(({ name, session }) => {
      const instructions = session?.getInstructions();
      return instructions ? [`# ${name}\n\n${instructions}`] : [];
    });
    return all.length > 0 ? all.join("\n\n") : undefined;
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
    if (method !== "tools/call") return undefined;
    const found = this.catalog.knownTool(String(params["name"]));
    return found && toTool(found, params);
  }

  async route(method: string, params: Params, signal: AbortSignal): Promise<Route> {
    switch (method) {
      case "tools/call": {
        const name = String(params["name"]);
        const found = await this.catalog.tool(name, signal);
        if (!found) throw unknown("tool", name);
        return toTool(found, params);
      }
      case "prompts/get": {
        const found = await this.#prompt(String(params["name"]), signal);
        return { upstream: found.member, params: { ...params, name: found.name } };
      }
      case "completion/complete":
        return this.#completion(params, signal);
      default: {
        const { member, uri } = await this.#resource(String(params["uri"]), signal);
        return { upstream: member, params: { ...params, uri } };
      }
    }
  }

  show(member: Member, method: string, result: Result): Result {
    return rewriteUris(method, result, (uri) => this.catalog.showUri(member, uri));
  }

  showNotification(member: Member, { method, params }: Notification): Notification {
    if (method === "notifications/resources/updated")
      return { method, params: { ...params, uri: this.catalog.showUri(member, String(params?.["uri"])) } };
    if (method !== "notifications/message") return params ? { method, params } : { method };
    const logger = [member.name, params?.["logger"]].filter(Boolean).join("/");
    return { method, params: { ...params, logger } };
  }

  async #completion(params: Params, signal: AbortSignal): Promise<Route> {
    const ref = (params["ref"] ?? {}) as { type?: unknown; name?: unknown; uri?: unknown };
    if (ref.type === "ref/prompt") {
      const { member, name } = await this.#prompt(String(ref.name), signal);
      return { upstream: member, params: { ...params, ref: { ...ref, name } } };
    }
    const { member, uri } = await this.#resource(String(ref.uri), signal);
    return { upstream: member, params: { ...params, ref: { ...ref, uri } } };
  }

  async #prompt(name: string, signal: AbortSignal): Promise<Origin> {
    const found = await this.catalog.prompt(name, signal);
    if (!found) throw unknown("prompt", name);
    return found;
  }

  async #resource(uri: string, signal: AbortSignal): Promise<{ member: Member; uri: string }> {
    const found = await this.catalog.resource(uri, signal);
    if (!found) throw unknown("resource", uri);
    return found;
  }
}

function toTool({ member, tool }: { member: Member; tool: ShownTool }, params: Params): Route {
  const given = params["arguments"] as Params | undefined;
  return { upstream: member, params: { ...params, name: tool.original, arguments: tool.argumentsOf(given) } };
}

const unknown = (kind: string, name: string) =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, `no server offers the ${kind} ${JSON.stringify(name)}`);
