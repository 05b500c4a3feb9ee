import { isDeepStrictEqual } from "node:util";
import { BareUris, type UriOrigin } from "./bare-uris.js";
import type { Claims } from "./claims.js";
import { type NameRule, Names } from "./naming.js";
import { joined, type Keep, type Kind, leastOf, type Offer } from "./offer.js";
import { originOfUri, showUri } from "./uris.js";

/** What has names, and not URIs. */
export type NamedKind = "tools" | "prompts";

export interface OffersHost {
  /** The names of all configured servers, reached or not, in the declared order. Other ones are in another list. */
  servers(): readonly string[];
  rule: NameRule;
  /** Whether URIs have the server in them. */
  uriPrefix: boolean;
  /** The names that were shown so far, by the connection before this one, too. */
  claims: Record<NamedKind, Claims>;
  report(message: string): void;
}

/** What each server offered when it was last read, and the names and URIs under which all of it is shown. */
export class Offers {
  readonly #offers = new Map<string, Offer>();
  readonly #names: Record<NamedKind, Names>;
  readonly #stale = new Set<NamedKind>();
  /** Made anew when a list has changed. */
  #bareUris: BareUris | undefined;
  #servers: readonly string[] | undefined;

  constructor(private readonly host: OffersHost) {
    const names = (claims: Claims) => new Names({ ...host, claims });
    this.#names = { tools: names(host.claims.tools), prompts: names(host.claims.prompts) };
  }

  of(server: string): Offer {
    return this.#offers.get(server) ?? {};
  }

  /** One list, as it was read; says whether it is another one than before. */
  note(server: string, read: Offer): boolean {
    const before = this.of(server);
    const now = joined(before, read);
    this.#offers.set(server, now);
    const changed = KINDS.filter((kind) => !isDeepStrictEqual(plain(before, kind), plain(now, kind)));
    if (changed.length > 0) this.#changed(changed);
    return changed.length > 0;
  }

  /** For how long, and for whom, one list of all servers holds. */
  keep(kind: Kind): Keep {
    return leastOf(this.host.servers().map((server) => this.of(server).keep?.[kind]));
  }

  /** A server is gone for good: so is what it offered. */
  drop(server: string): void {
    this.#offers.delete(server);
    this.#changed(["tools", "prompts"]);
  }

  names(kind: NamedKind): Names {
    this.#noteServers();
    const names = this.#names[kind];
    if (this.#stale.delete(kind))
      names.update(
        this.host
          .servers()
          .flatMap((server) => namesOf(this.of(server), kind).map((name) => ({ server, name }))),
      );
    return names;
  }

  /** The names under which a server's tools or prompts are shown. */
  shownOf(kind: NamedKind, server: string): string[] {
    const names = this.names(kind);
    return namesOf(this.of(server), kind).flatMap((name) => names.shown({ server, name }) ?? []);
  }

  /** An item under its shown name; where that is not what the rule makes of it, it says what it is at its server. */
  named<T extends { name: string; _meta?: Record<string, unknown> | undefined }>(
    kind: NamedKind,
    server: string,
    item: T,
  ): T {
    const { name } = item;
    const shown = this.names(kind).shown({ server, name }) ?? name;
    const { holdfast: _, ...meta } = item._meta ?? {};
    const renamed = shown !== this.host.rule(server, name);
    if (!renamed && !(item._meta && "holdfast" in item._meta)) return { ...item, name: shown };
    return { ...item, name: shown, _meta: { ...meta, ...(renamed && { holdfast: { server, name } }) } };
  }

  showUri(server: string, uri: string): string {
    return this.host.uriPrefix ? showUri(server, uri) : this.#bare().show(server, uri);
  }

  /** Whose a shown URI is, as far as that can be told without asking anybody. */
  originOfUri(shown: string): UriOrigin | undefined {
    const prefixed = this.host.uriPrefix ? originOfUri(shown, this.host.servers()) : undefined;
    if (prefixed) return { ...prefixed, listed: true };
    // One that stands in a document of a server is as that server wrote it.
    return this.#bare().origin(shown);
  }

  /** Those who have a URI that is shown as it is. */
  ownersOfUri(shown: string): readonly string[] {
    return this.#bare().owners(shown);
  }

  #bare(): BareUris {
    this.#noteServers();
    this.#bareUris ??= new BareUris(new Map(this.host.servers().map((name) => [name, this.of(name)])));
    return this.#bareUris;
  }

  /** Another config: whose a name is may be another one's, though no list has changed. */
  #noteServers(): void {
    const servers = this.host.servers();
    const before = this.#servers;
    this.#servers = servers;
    if (servers === before || isDeepStrictEqual(servers, before)) return;
    this.#changed(["tools", "prompts"]);
  }

  #changed(kinds: readonly Kind[]): void {
    this.#bareUris = undefined;
    for (const kind of kinds) if (kind === "tools" || kind === "prompts") this.#stale.add(kind);
  }
}

const KINDS = ["tools", "prompts", "resources", "templates"] as const;

const namesOf = (offer: Offer, kind: NamedKind): string[] =>
  kind === "tools" ? [...(offer.tools?.keys() ?? [])] : (offer.prompts ?? []).map(({ name }) => name);

/** A list as data, without what is computed from it. */
const plain = (offer: Offer, kind: Kind): unknown =>
  kind === "tools" ? offer.tools && [...offer.tools.values()].map(({ tool }) => tool) : offer[kind];
