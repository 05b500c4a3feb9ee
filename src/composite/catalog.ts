import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/client";
import { messageOf } from "../base/errors.js";
import { isUp, type Member } from "./member.js";
import { type NameRule, Names } from "./naming.js";
import { passesTags, type ShownTool, shownTools } from "./transforms.js";
import { originOfUri, showUri } from "./uris.js";

/** What one server offers, as it was last read. */
interface Offer {
  /** By the name that they have here, which a transform may have given. */
  tools: Map<string, ShownTool>;
  prompts: Prompt[];
  resources: Resource[];
  templates: ResourceTemplateType[];
}
export type Kind = keyof Offer;

export interface CatalogHost {
  /** In the declared order. */
  members(): readonly Member[];
  member(name: string): Member | undefined;
  toolName: NameRule;
  promptName: NameRule;
  /** Whether URIs have the server in them. */
  uriPrefix: boolean;
  /** How long one server may take for one list. */
  listTimeoutMs: number;
  report(message: string): void;
}

/** A tool, prompt or resource, and whose it is. */
export interface Origin {
  member: Member;
  name: string;
}

export type FoundTool = Origin & { tool: ShownTool };

const EMPTY: Offer = { tools: new Map(), prompts: [], resources: [], templates: [] };

/** The lists of all servers, and the tables in which a shown name is looked up. */
export class Catalog {
  readonly #offers = new Map<string, Offer>();
  readonly #tools: Names;
  readonly #prompts: Names;
  readonly #reported = new Set<string>();

  constructor(private readonly host: CatalogHost) {
    this.#tools = new Names(host.toolName, (message) => this.#report(message));
    this.#prompts = new Names(host.promptName, (message) => this.#report(message));
  }

  /** A server is gone for good: so is what it offered. */
  drop(server: string): void {
    this.#offers.delete(server);
  }

  async tools(signal: AbortSignal): Promise<Tool[]> {
    await this.#refresh("tools", signal);
    return this.#all((member, { tools }) =>
      [...tools.values()].map(({ tool }) => ({ ...tool, name: this.#tools.show(member.name, tool.name) })),
    );
  }

  async prompts(signal: AbortSignal): Promise<Prompt[]> {
    await this.#refresh("prompts", signal);
    return this.#all((member, { prompts }) =>
      prompts.map((prompt) => ({ ...prompt, name: this.#prompts.show(member.name, prompt.name) })),
    );
  }

  async resources(signal: AbortSignal): Promise<Resource[]> {
    await this.#refresh("resources", signal);
    return this.#all((member, { resources }) =>
      resources.map((resource) => ({ ...resource, uri: this.showUri(member, resource.uri) })),
    );
  }

  async templates(signal: AbortSignal): Promise<ResourceTemplateType[]> {
    await this.#refresh("templates", signal);
    return this.#all((member, { templates }) =>
      templates.map((template) => ({ ...template, uriTemplate: this.showUri(member, template.uriTemplate) })),
    );
  }

  /** The tool behind a shown name; waits for servers that it may belong to and that were not read yet. */
  async tool(shown: string, signal: AbortSignal): Promise<FoundTool | undefined> {
    const look = () => this.knownTool(shown);
    return this.#find(look, "tools", (server) => this.host.toolName(server, ""), shown, signal);
  }

  /** The tool behind a shown name, as far as it was listed. */
  knownTool(shown: string): FoundTool | undefined {
    const origin = this.#origin(this.#tools, shown);
    const tool = origin && this.#offers.get(origin.member.name)?.tools.get(origin.name);
    return tool && { ...origin, tool };
  }

  async prompt(shown: string, signal: AbortSignal): Promise<Origin | undefined> {
    const look = () => this.#origin(this.#prompts, shown);
    return this.#find(look, "prompts", (server) => this.host.promptName(server, ""), shown, signal);
  }

  /** The resource behind a shown URI. Without prefixes it is the first server's that lists it, or has a template for it. */
  async resource(shown: string, signal: AbortSignal): Promise<{ member: Member; uri: string } | undefined> {
    if (this.host.uriPrefix) {
      const origin = originOfUri(
        shown,
        this.host.members().map(({ name }) => name),
      );
      const member = origin && this.host.member(origin.server);
      return member && { member, uri: origin.uri };
    }
    const listed = (member: Member) =>
      this.#offers.get(member.name)?.resources.some(({ uri }) => uri === shown) ||
      this.#offers.get(member.name)?.templates.some(({ uriTemplate }) => mayMatch(uriTemplate, shown));
    const look = () => this.host.members().find(listed);
    let member = look();
    if (!member) await Promise.all([this.#refresh("resources", signal), this.#refresh("templates", signal)]);
    member ??= look();
    return member && { member, uri: shown };
  }

  showUri(member: Member, uri: string): string {
    return this.host.uriPrefix ? showUri(member.name, uri) : uri;
  }

  async #find<T>(
    look: () => T | undefined,
    kind: Kind,
    prefix: (server: string) => string,
    shown: string,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const known = look();
    if (known) return known;
    await this.#refresh(kind, signal);
    const fresh = look();
    if (fresh) return fresh;
    // A server that was never read may have it: its call waits for the server, as any call does.
    for (const member of this.host.members()) {
      if (this.#offers.has(member.name) || !shown.startsWith(prefix(member.name))) continue;
      const session = await member.opened(signal);
      await session.ping({ signal });
      await this.#refresh(kind, signal);
      const late = look();
      if (late) return late;
    }
    return undefined;
  }

  #origin(names: Names, shown: string): Origin | undefined {
    const origin = names.origin(shown);
    const member = origin && this.host.member(origin.server);
    return member && { member, name: origin.name };
  }

  #all<T>(list: (member: Member, offer: Offer) => T[]): T[] {
    return this.host.members().flatMap((member) => list(member, this.#offers.get(member.name) ?? EMPTY));
  }

  /** Reads one list of every server that is up; what another one offered before stays. */
  async #refresh(kind: Kind, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.host.members().map(async (member) => {
        if (!isUp(member)) return;
        try {
          const read = await this.#read(member, kind, signal);
          const offer = { ...(this.#offers.get(member.name) ?? EMPTY), ...read };
          this.#offers.set(member.name, offer);
        } catch (error) {
          if (!signal.aborted)
            this.host.report(`${member.name}: its ${kind} could not be read: ${messageOf(error)}`);
        }
      }),
    );
    // In the declared order, so that names do not depend on who answers first.
    this.#all((member, offer) => {
      for (const name of offer.tools.keys()) this.#tools.show(member.name, name);
      for (const { name } of offer.prompts) this.#prompts.show(member.name, name);
      return [];
    });
  }

  async #read(member: Member, kind: Kind, signal: AbortSignal): Promise<Partial<Offer>> {
    const session = member.session!;
    const options = { signal, timeout: this.host.listTimeoutMs };
    switch (kind) {
      case "tools": {
        const { tools } = await session.listTools(undefined, options);
        const shown = shownTools(tools, member, (why) => this.#report(`${member.name}: ${why}`));
        return { tools: new Map(shown.map((one) => [one.tool.name, one])) };
      }
      case "prompts": {
        const { prompts } = await session.listPrompts(undefined, options);
        return { prompts: prompts.filter((prompt) => passesTags(prompt, member)) };
      }
      case "resources": {
        const { resources } = await session.listResources(undefined, options);
        return { resources: resources.filter((resource) => passesTags(resource, member)) };
      }
      case "templates": {
        const { resourceTemplates } = await session.listResourceTemplates(undefined, options);
        return { templates: resourceTemplates.filter((template) => passesTags(template, member)) };
      }
    }
  }

  /** Once: the lists are read often. */
  #report(message: string): void {
    if (this.#reported.has(message)) return;
    this.#reported.add(message);
    this.host.report(message);
  }
}

/** Whether a URI may be an instance of a template: its fixed parts are there, in their order. */
function mayMatch(template: string, uri: string): boolean {
  const parts = template.split(/\{[^}]*\}/);
  if (parts.length === 1) return template === uri;
  const [first, last] = [parts.shift()!, parts.pop()!];
  if (!uri.startsWith(first) || !uri.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = uri.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at + last.length <= uri.length;
}
