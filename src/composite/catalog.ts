import { isDeepStrictEqual } from "node:util";
import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/client";
import { messageOf } from "../base/errors.js";
import { BareUris } from "./bare-uris.js";
import type { Claims } from "./claims.js";
import { isUp, type Member } from "./member.js";
import { type NameRule, Names } from "./naming.js";
import { type Kind, METHOD_OF, type Offer } from "./offer.js";
import { Reading } from "./reading.js";
import type { ShownTool } from "./transforms.js";
import { originOfUri, showUri } from "./uris.js";

export interface CatalogHost {
  /** The names of all configured servers, reached or not, in the declared order. */
  servers(): readonly string[];
  /** Those whose turn to be reached has come. */
  members(): readonly Member[];
  member(name: string): Member | undefined;
  rule: NameRule;
  /** Whether URIs have the server in them. */
  uriPrefix: boolean;
  /** The names that were shown so far, by the connection before this one, too. */
  claims: { tools: Claims; prompts: Claims };
  /** How long a list or an unknown name waits for servers that do not answer. */
  listWaitMs: number;
  /** How long one server may take for one list. */
  listTimeoutMs: number;
  report(message: string): void;
  /** A list came after somebody was answered without it. */
  onLate(kind: Kind): void;
  /** A server began, or ceased, to keep its lists waiting. */
  onSlow(): void;
}

/** A tool, prompt or resource, and whose it is. */
export interface Origin {
  member: Member;
  name: string;
}

export type FoundTool = Origin & { tool: ShownTool };

/** What all servers offer, and the tables in which a shown name is looked up. */
export class Catalog {
  readonly #offers = new Map<string, Offer>();
  readonly #names: Record<"tools" | "prompts", Names>;
  readonly #reading: Reading;
  /** Made anew when a list has changed. */
  #bareUris: BareUris | undefined;
  #servers: string | undefined;
  readonly #stale = new Set<"tools" | "prompts">();

  constructor(private readonly host: CatalogHost) {
    const names = (claims: Claims) => new Names({ ...host, claims });
    this.#names = { tools: names(host.claims.tools), prompts: names(host.claims.prompts) };
    this.#reading = new Reading({ ...host, onRead: (member, offer) => this.#note(member, offer) });
  }

  get someoneIsSlow(): boolean {
    return this.#reading.someoneIsSlow;
  }

  /** A server is gone for good: so is what it offered. */
  drop(server: string): void {
    this.#offers.delete(server);
    this.#changed(["tools", "prompts"]);
  }

  close(): void {
    this.#reading.close();
  }

  async tools(signal: AbortSignal): Promise<Tool[]> {
    return this.#list("tools", signal, ({ tools }, server) =>
      [...(tools?.values() ?? [])].map(({ tool }) => this.#named("tools", server, tool)),
    );
  }

  async prompts(signal: AbortSignal): Promise<Prompt[]> {
    return this.#list("prompts", signal, ({ prompts = [] }, server) =>
      prompts.map((prompt) => this.#named("prompts", server, prompt)),
    );
  }

  async resources(signal: AbortSignal): Promise<Resource[]> {
    return this.#list("resources", signal, ({ resources = [] }, server) =>
      resources.map((resource) => ({ ...resource, uri: this.showUri(server, resource.uri) })),
    );
  }

  async templates(signal: AbortSignal): Promise<ResourceTemplateType[]> {
    return this.#list("templates", signal, ({ templates = [] }, server) =>
      templates.map((template) => ({
        ...template,
        uriTemplate: this.showUri(server, template.uriTemplate),
      })),
    );
  }

  /** The tool behind a shown name, as far as it was listed. */
  knownTool(shown: string): FoundTool | undefined {
    const origin = this.#origin("tools", shown);
    const tool = origin && this.#offers.get(origin.member.name)?.tools?.get(origin.name);
    return tool && { ...origin, tool };
  }

  knownPrompt(shown: string): Origin | undefined {
    return this.#origin("prompts", shown);
  }

  /** The resource behind a shown URI, as far as that can be told without asking anybody. */
  knownResource(shown: string): { member: Member; uri: string } | undefined {
    const origin = this.host.uriPrefix ? originOfUri(shown, this.host.servers()) : this.#bareOrigin(shown);
    const member = origin && this.host.member(origin.server);
    return member && { member, uri: origin.uri };
  }

  /** The names under which a server's tools or prompts are shown. */
  shownOf(kind: "tools" | "prompts", server: string): string[] {
    const names = this.#table(kind);
    return namesOf(this.#offers.get(server), kind).flatMap((name) => names.shown({ server, name }) ?? []);
  }

  /** Reads the lists in which an unknown name may be: of its owner where that is known, else of all, within the bound. */
  async look(kind: "tools" | "prompts", shown: string, signal: AbortSignal): Promise<void> {
    const owner = this.#ownerOf(kind, shown);
    const member = owner === undefined ? undefined : this.host.member(owner);
    if (!member) return this.#reading.within(kind, this.host.members(), signal);
    if (this.#offers.get(member.name)?.[kind]) return this.#reading.within(kind, [member], signal);
    // A server that was never read may have it: the call waits for it, as any call does.
    const session = await member.opened(signal);
    try {
      await session.ping({ signal });
      await this.#reading.of(kind, member, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      const wish = `${METHOD_OF[kind]}, in which ${JSON.stringify(shown)} may be`;
      throw new Error(`${member.name} did not answer ${wish}: ${messageOf(signal.reason)}`);
    }
  }

  async lookForResource(signal: AbortSignal): Promise<void> {
    const members = this.host.members();
    await Promise.all([
      this.#reading.within("resources", members, signal),
      this.#reading.within("templates", members, signal),
    ]);
  }

  /** Why a name that was looked for is nobody's. */
  whyNobody(kind: Kind, shown: string): string {
    const what = `no server offers the ${WORDS[kind]} ${JSON.stringify(shown)}`;
    if (kind === "resources" || kind === "templates") {
      const owners = this.host.uriPrefix ? [] : this.#bare().owners(shown);
      if (owners.length > 1) return `${JSON.stringify(shown)} is offered by ${owners.join(" and ")}`;
      return `${what}${this.#unread([kind])}`;
    }
    return this.#table(kind).whyNobody(shown) ?? `${what}${this.#unread([kind])}`;
  }

  showUri(server: string, uri: string): string {
    return this.host.uriPrefix ? showUri(server, uri) : this.#bare().show(server, uri);
  }

  async #list<T>(
    kind: Kind,
    signal: AbortSignal,
    items: (offer: Offer, server: string) => T[],
  ): Promise<T[]> {
    await this.#reading.within(kind, this.host.members().filter(isUp), signal);
    return this.host.servers().flatMap((server) => items(this.#offers.get(server) ?? {}, server));
  }

  /** An item under its shown name; where that is not what the rule makes of it, it says what it is at its server. */
  #named<T extends { name: string; _meta?: Record<string, unknown> | undefined }>(
    kind: "tools" | "prompts",
    server: string,
    item: T,
  ): T {
    const { name } = item;
    const shown = this.#table(kind).shown({ server, name }) ?? name;
    const { holdfast: _, ...meta } = item._meta ?? {};
    const renamed = shown !== this.host.rule(server, name);
    if (!renamed && !(item._meta && "holdfast" in item._meta)) return { ...item, name: shown };
    return { ...item, name: shown, _meta: { ...meta, ...(renamed && { holdfast: { server, name } }) } };
  }

  #ownerOf(kind: "tools" | "prompts", shown: string): string | undefined {
    const [only, ...more] = this.host.servers();
    return more.length === 0 ? only : this.#table(kind).ownerOf(shown);
  }

  #origin(kind: "tools" | "prompts", shown: string): Origin | undefined {
    const origin = this.#table(kind).origin(shown);
    const member = origin && this.host.member(origin.server);
    return member && { member, name: origin.name };
  }

  /** An instance of a template counts once everybody was read who may list it. */
  #bareOrigin(shown: string) {
    const origin = this.#bare().origin(shown);
    if (!origin || origin.listed) return origin;
    return this.#unread(["resources", "templates"]) ? undefined : origin;
  }

  #bare(): BareUris {
    this.#noteServers();
    const servers = this.host.servers();
    this.#bareUris ??= new BareUris(new Map(servers.map((name) => [name, this.#offers.get(name) ?? {}])));
    return this.#bareUris;
  }

  #table(kind: "tools" | "prompts"): Names {
    this.#noteServers();
    const names = this.#names[kind];
    if (this.#stale.delete(kind))
      names.update(
        this.host
          .servers()
          .flatMap((server) => namesOf(this.#offers.get(server), kind).map((name) => ({ server, name }))),
      );
    return names;
  }

  /** Another config: whose a name is may be another one's, though no list has changed. */
  #noteServers(): void {
    const servers = JSON.stringify(this.host.servers());
    if (servers === this.#servers) return;
    this.#servers = servers;
    this.#changed(["tools", "prompts"]);
  }

  /** Which servers may still have it, and how they are. */
  #unread(kinds: readonly Kind[]): string {
    const unread = this.host.servers().flatMap((server) => {
      if (kinds.every((kind) => this.#offers.get(server)?.[kind])) return [];
      const status = this.host.member(server)?.status();
      if (status?.state === "closed") return [];
      return `${server} (${status ? (status.detail ?? status.state) : "not started yet"})`;
    });
    return unread.length > 0 ? `; not known yet: ${unread.join(", ")}` : "";
  }

  #note({ name }: Member, read: Offer): boolean {
    const before = this.#offers.get(name) ?? {};
    const now = { ...before, ...read };
    const kinds = Object.keys(read) as Kind[];
    if (kinds.every((kind) => isDeepStrictEqual(plain(before, kind), plain(now, kind)))) return false;
    this.#offers.set(name, now);
    this.#changed(kinds);
    return true;
  }

  #changed(kinds: readonly Kind[]): void {
    this.#bareUris = undefined;
    for (const kind of kinds) if (kind === "tools" || kind === "prompts") this.#stale.add(kind);
  }
}

const WORDS: Record<Kind, string> = {
  tools: "tool",
  prompts: "prompt",
  resources: "resource",
  templates: "resource",
};

const namesOf = (offer: Offer | undefined, kind: "tools" | "prompts"): string[] =>
  kind === "tools" ? [...(offer?.tools?.keys() ?? [])] : (offer?.prompts ?? []).map(({ name }) => name);

/** A list as data, without what is computed from it. */
const plain = (offer: Offer, kind: Kind): unknown =>
  kind === "tools" ? offer.tools && [...offer.tools.values()].map(({ tool }) => tool) : offer[kind];
