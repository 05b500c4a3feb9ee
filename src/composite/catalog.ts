import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/client";
import { messageOf } from "../base/errors.js";
import type { Admit } from "../contract/asking.js";
import { withTaskSupport } from "../gateway/task-eras.js";
import { admissionOf, type Wanted } from "./admission.js";
import { blockedName, blockedUri, isCompared } from "./blocked.js";
import type { Manifest } from "./manifest.js";
import { isUnstarted, isUp, type Member } from "./member.js";
import { type Keep, type Kind, knownOffer, leastOf, METHOD_OF, type Offer } from "./offer.js";
import { type NamedKind, Offers, type OffersHost } from "./offers.js";
import { Reading } from "./reading.js";
import { withMeta } from "./result-uris.js";
import type { ShownTool } from "./transforms.js";

export interface CatalogHost extends OffersHost {
  /** Those whose turn to be reached has come. */
  members(): readonly Member[];
  member(name: string): Member | undefined;
  /** How long a list or an unknown name waits for servers that do not answer. */
  listWaitMs: number;
  /** How long one server may take for one list. */
  listTimeoutMs: number;
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

/** What all servers offer, read where that is needed, and whose each shown name is. */
export class Catalog {
  readonly #offers: Offers;
  readonly #reading: Reading;

  constructor(private readonly host: CatalogHost) {
    this.#offers = new Offers(host);
    this.#reading = new Reading({ ...host, onRead: ({ name }, read) => this.#offers.note(name, read) });
  }

  get someoneIsSlow(): boolean {
    return this.#reading.someoneIsSlow;
  }

  /** A server is gone for good: so is what it offered. */
  drop(server: string): void {
    this.#offers.drop(server);
  }

  /** What is known of a server that is not started. */
  expect(member: Member, known: Manifest): void {
    const report = (why: string) => this.host.report(`${member.name}: ${why}`);
    this.#offers.note(member.name, knownOffer(member, known, report));
  }

  close(): void {
    this.#reading.close();
  }

  async tools(signal: AbortSignal): Promise<Tool[]> {
    return this.#list("tools", signal, ({ tools }, server) =>
      [...(tools?.values() ?? [])].map(({ tool }) => {
        const shown = withTaskSupport(
          this.host.member(server)?.session,
          withMeta(tool, (uri) => this.showUri(server, uri)),
        );
        return this.#offers.named("tools", server, shown);
      }),
    );
  }

  async prompts(signal: AbortSignal): Promise<Prompt[]> {
    return this.#list("prompts", signal, ({ prompts = [] }, server) =>
      prompts.map((prompt) => this.#offers.named("prompts", server, prompt)),
    );
  }

  async resources(signal: AbortSignal): Promise<Resource[]> {
    return this.#list("resources", signal, ({ resources = [] }, server) =>
      resources.map((resource) => ({ ...resource, uri: this.showUri(server, resource.uri) })),
    );
  }

  async templates(signal: AbortSignal): Promise<ResourceTemplateType[]> {
    return this.#list("templates", signal, ({ templates = [] }, server) =>
      templates.map((template) => ({ ...template, uriTemplate: this.showUri(server, template.uriTemplate) })),
    );
  }

  /** For how long, and for whom, a list holds. */
  keep(kind: Kind): Keep {
    return this.#reading.someoneIsSlow ? leastOf([]) : this.#offers.keep(kind);
  }

  /** The tool behind a shown name, as far as it was listed. */
  knownTool(shown: string): FoundTool | undefined {
    const origin = this.#origin("tools", shown);
    const tool = origin && this.#offers.of(origin.member.name).tools?.get(origin.name);
    // The config may be another one since the list was read.
    return tool && origin.member.may("tools", tool.original) ? { ...origin, tool } : undefined;
  }

  knownPrompt(shown: string): Origin | undefined {
    const origin = this.#origin("prompts", shown);
    return origin?.member.may("prompts", origin.name) ? origin : undefined;
  }

  /** The resource behind a shown URI, as far as that can be told without asking anybody. */
  knownResource(shown: string): { member: Member; uri: string } | undefined {
    const origin = this.#offers.originOfUri(shown);
    // An instance of a template counts once everybody was read who may list it.
    if (!origin || (!origin.listed && this.#awaited(["resources", "templates"]).length > 0)) return undefined;
    const member = this.host.member(origin.server);
    if (!member?.may("resources", origin.uri)) return undefined;
    const offer = this.#offers.of(member.name);
    const usable =
      isCompared(member, offer, ["resources", "templates"]) && !blockedUri(origin.uri, shown, member, offer);
    return usable ? { member, uri: origin.uri } : undefined;
  }

  /** Reads the lists in which an unknown name may be: of its owner where that is known, else of all, within the bound. */
  async look(kind: NamedKind, shown: string, signal: AbortSignal): Promise<void> {
    const owner = this.#ownerOf(kind, shown);
    const member = owner === undefined ? undefined : this.host.member(owner);
    if (!member) return this.#reading.within(kind, this.#askable(), signal);
    const offer = this.#offers.of(member.name);
    if (!isUnstarted(member) && offer[kind] && isCompared(member, offer, [kind]))
      return this.#reading.within(kind, [member], signal);
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
    const members = this.#askable();
    await Promise.all([
      this.#reading.within("resources", members, signal),
      this.#reading.within("templates", members, signal),
    ]);
  }

  /** What holds back a call of what a pinned server offers until that was compared with the lock. */
  admissionOf(member: Member, wanted: Wanted): Admit | undefined {
    return admissionOf(member, wanted, () => this.#offers.of(member.name), this.#reading);
  }

  /** Why a name that was looked for is nobody's. */
  whyNobody(kind: NamedKind | "resources", shown: string): string {
    const why =
      kind === "resources"
        ? this.#whyNoResource(shown)
        : (this.#whyBlocked(kind, shown) ?? this.#offers.names(kind).whyNobody(shown));
    if (why) return why;
    const awaited = this.#awaited([kind]);
    const unknown = awaited.length > 0 ? `; not known yet: ${awaited.join(", ")}` : "";
    return `no server offers the ${kind.slice(0, -1)} ${JSON.stringify(shown)}${unknown}`;
  }

  /** The names under which a server's tools or prompts are shown. */
  shownOf(kind: NamedKind, server: string): string[] {
    return this.#offers.shownOf(kind, server);
  }

  showUri(server: string, uri: string): string {
    return this.#offers.showUri(server, uri);
  }

  #whyBlocked(kind: NamedKind, shown: string): string | undefined {
    for (const member of this.host.members()) {
      const why = blockedName(kind, shown, member, this.#offers.of(member.name), this.host.rule);
      if (why) return why;
    }
    return undefined;
  }

  #whyNoResource(shown: string): string | undefined {
    const origin = this.#offers.originOfUri(shown);
    const member = origin && this.host.member(origin.server);
    if (origin && member?.may("resources", origin.uri) === false)
      return `${JSON.stringify(shown)} is shut off by the config`;
    // Without prefixes, what is blocked is in no list that says whose it is.
    for (const one of member ? [member] : this.host.members()) {
      const why = blockedUri(origin?.uri ?? shown, shown, one, this.#offers.of(one.name));
      if (why) return why;
    }
    const owners = this.#offers.ownersOfUri(shown);
    return owners.length > 1 ? `${JSON.stringify(shown)} is offered by ${owners.join(" and ")}` : undefined;
  }

  async #list<T>(
    kind: Kind,
    signal: AbortSignal,
    items: (offer: Offer, server: string) => T[],
  ): Promise<T[]> {
    await this.#reading.within(kind, this.host.members().filter(isUp), signal);
    return this.host.servers().flatMap((server) => items(this.#offers.of(server), server));
  }

  /** A server that is not started is not started by a name that is nobody's. */
  #askable(): Member[] {
    return this.host.members().filter((member) => !isUnstarted(member));
  }

  #ownerOf(kind: NamedKind, shown: string): string | undefined {
    const [only, ...more] = this.host.servers();
    return more.length === 0 ? only : this.#offers.names(kind).ownerOf(shown);
  }

  #origin(kind: NamedKind, shown: string): Origin | undefined {
    const origin = this.#offers.names(kind).origin(shown);
    const member = origin && this.host.member(origin.server);
    const usable = member && isCompared(member, this.#offers.of(member.name), [kind]);
    return usable ? { member, name: origin.name } : undefined;
  }

  /** Which servers may still offer something, and how they are. */
  #awaited(kinds: readonly Kind[]): string[] {
    const waiting = this.host.servers().filter((server) => {
      const member = this.host.member(server);
      const offer = this.#offers.of(server);
      return !kinds.every((kind) => offer[kind]) || (member && !isCompared(member, offer, kinds));
    });
    return waiting.flatMap((server) => {
      const status = this.host.member(server)?.status();
      if (status?.state === "closed") return [];
      return `${server} (${status ? (status.detail ?? status.state) : "not started yet"})`;
    });
  }
}
