import type { Notification, Result, ServerCapabilities } from "@modelcontextprotocol/client";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import type { ListMethod, Params, PresentedMany, Route } from "../gateway/presented.js";
import { withTasksOfBoth } from "../gateway/task-eras.js";
import { joinCapabilities, mayKnow } from "./capabilities.js";
import type { Catalog } from "./catalog.js";
import { capabilitiesOf, type Member } from "./member.js";
import { rewriteUris } from "./result-uris.js";
import { originOfTask, showTasks } from "./task-ids.js";
import type { ShownTool } from "./transforms.js";
import { joinInstructions, loggerOf } from "./words.js";

interface MemberRoute extends Route {
  upstream: Member;
}

/** The members of a composite as one server. */
export class PresentedMembers implements PresentedMany {
  constructor(
    protected readonly catalog: Catalog,
    private readonly members: () => readonly Member[],
  ) {}

  upstreams(): readonly Member[] {
    return this.members();
  }

  capabilities(): ServerCapabilities {
    return withTasksOfBoth(
      joinCapabilities(this.members().flatMap((member) => capabilitiesOf(member) ?? [])),
    );
  }

  instructions(): string | undefined {
    const all = this.members().flatMap(({ name, session, known }) => {
      const said = session ? session.getInstructions() : known?.instructions;
      return said ? { name, said } : [];
    });
    return joinInstructions(all);
  }

  async list(method: ListMethod, signal: AbortSignal): Promise<Result> {
    switch (method) {
      case "tools/list":
        return { tools: await this.catalog.tools(signal), ...this.catalog.keep("tools") };
      case "prompts/list":
        return { prompts: await this.catalog.prompts(signal), ...this.catalog.keep("prompts") };
      case "resources/list":
        return { resources: await this.catalog.resources(signal), ...this.catalog.keep("resources") };
      case "resources/templates/list":
        return { resourceTemplates: await this.catalog.templates(signal), ...this.catalog.keep("templates") };
    }
  }

  known(method: string, params: Params): Route | undefined {
    return this.#admitted(method, params, this.#known(method, params));
  }

  #known(method: string, params: Params): MemberRoute | undefined {
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
      case "resources/read":
      case "resources/subscribe":
      case "resources/unsubscribe": {
        const found = catalog.knownResource(String(params["uri"]));
        return found && { upstream: found.member, params: { ...params, uri: found.uri } };
      }
      default:
        return this.#ownerOf(method, params);
    }
  }

  #admitted(method: string, params: Params, route: MemberRoute | undefined): Route | undefined {
    const { kind, shown } = wanted(method, params);
    if (!route || kind === "extension") return route;
    const original = wanted(method, route.params).shown;
    const admit = this.catalog.admissionOf(route.upstream, { kind, original, shown });
    return admit ? { ...route, admit } : route;
  }

  all(method: string): readonly Member[] {
    return method.endsWith("/list") ? this.#knowing(method) : [];
  }

  async route(method: string, params: Params, signal: AbortSignal): Promise<Route> {
    const { kind, shown } = wanted(method, params);
    if (kind === "extension") throw nobody(method, this.#knowing(method));
    if (kind === "resources") await this.catalog.lookForResource(signal);
    else await this.catalog.look(kind, shown, signal);
    const found = this.#admitted(method, params, this.#known(method, params));
    if (found) return found;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, this.catalog.whyNobody(kind, shown));
  }

  show(member: Member, method: string, result: Result): Result {
    const shown = rewriteUris(method, result, (uri) => this.catalog.showUri(member.name, uri));
    return showTasks(member.name, shown);
  }

  showNotification(member: Member, { method, params }: Notification): Notification {
    if (method === "notifications/resources/updated")
      return {
        method,
        params: { ...params, uri: this.catalog.showUri(member.name, String(params?.["uri"])) },
      };
    if (method !== "notifications/message")
      return params ? { method, params: showTasks(member.name, params) } : { method };
    return { method, params: { ...params, logger: loggerOf(member.name, params?.["logger"]) } };
  }

  /** Whose a request of an extension is: its task's, its resource's, its tool's, or of the only one that may know it. */
  #ownerOf(method: string, params: Params): MemberRoute | undefined {
    const task = originOfTask(params["taskId"]);
    const member = task && this.members().find(({ name }) => name === task.server);
    if (member) return { upstream: member, params: { ...params, taskId: task.taskId } };
    if (method.startsWith("tasks/") && method !== "tasks/list") return undefined;
    const { uri, name } = params;
    const resource = typeof uri === "string" ? this.catalog.knownResource(uri) : undefined;
    if (resource) return { upstream: resource.member, params: { ...params, uri: resource.uri } };
    const [only, ...more] = this.#knowing(method);
    if (only && more.length === 0) return { upstream: only, params };
    const tool = typeof name === "string" ? this.catalog.knownTool(name) : undefined;
    return tool && { upstream: tool.member, params: { ...params, name: tool.tool.original } };
  }

  #knowing(method: string): Member[] {
    return this.members().filter((member) => mayKnow(capabilitiesOf(member), method));
  }

  #knownReference(params: Params): MemberRoute | undefined {
    const ref = referenceOf(params);
    if (ref.type === "ref/prompt") {
      const found = this.catalog.knownPrompt(String(ref.name));
      return found && { upstream: found.member, params: { ...params, ref: { ...ref, name: found.name } } };
    }
    const found = this.catalog.knownResource(String(ref.uri));
    return found && { upstream: found.member, params: { ...params, ref: { ...ref, uri: found.uri } } };
  }
}

const referenceOf = (params: Params) => fieldsOf(params["ref"]);

/** What a request is about, in the words of the client. */
function wanted(
  method: string,
  params: Params,
): { kind: "tools" | "prompts" | "resources" | "extension"; shown: string } {
  if (method === "tools/call") return { kind: "tools", shown: String(params["name"]) };
  if (method === "prompts/get") return { kind: "prompts", shown: String(params["name"]) };
  if (method.startsWith("resources/")) return { kind: "resources", shown: String(params["uri"]) };
  if (method !== "completion/complete") return { kind: "extension", shown: method };
  const ref = referenceOf(params);
  return ref.type === "ref/prompt"
    ? { kind: "prompts", shown: String(ref.name) }
    : { kind: "resources", shown: String(ref.uri) };
}

function nobody(method: string, knowing: readonly Member[]): ProtocolError {
  if (method.startsWith("tasks/")) {
    const message = `${method}: no server has this task`;
    return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  }
  const who = knowing.map(({ name }) => name).join(" and ");
  const message = who
    ? `${method} may be of ${who}, and does not say of which`
    : `no server knows the method ${method}`;
  return new ProtocolError(ProtocolErrorCode.MethodNotFound, message);
}

function toTool({ member, tool }: { member: Member; tool: ShownTool }, params: Params): MemberRoute {
  const given = params["arguments"] as Params | undefined;
  return { upstream: member, params: { ...params, name: tool.original, arguments: tool.argumentsOf(given) } };
}
