import { createHash } from "node:crypto";
import type { Claims } from "./claims.js";
import { fold, homeName, type Named, Owners } from "./owners.js";

/** The longest name that every model's tool calling takes. */
export const MAX_NAME_LENGTH = 64;
/** 80 bits: nobody computes a name that gets the suffix of another. */
const SUFFIX_DIGITS = 20;
/** What looks like a suffix is no name of a server's own. */
const RESERVED = new RegExp(`_[0-9a-f]{${SUFFIX_DIGITS}}$`);

/** Makes the name under which a server's tool or prompt is shown. */
export type NameRule = (server: string, name: string) => string;

/** `server_name`: what FastMCP does. */
export const prefixed: NameRule = homeName;
export const bare: NameRule = (_server, name) => name;

interface Entry extends Named {
  key: string;
  wanted: string;
}

export interface NamesHost {
  rule: NameRule;
  /** Every configured server, whether it was reached or not. */
  servers(): readonly string[];
  claims: Claims;
  report(message: string): void;
}

const keyOf = ({ server, name }: Named) => JSON.stringify([server, name]);

/**
 * The names under which one kind of thing is shown. They depend on what is configured and offered, and on no order. A
 * name that begins with a server's belongs to that server (the longest one counts); one that two want belongs to
 * nobody, and both get their server's name; what is still not free, too long, or looks like it gets a suffix. A name
 * that was shown is never another server's later on.
 */
export class Names {
  #shown = new Map<string, string>();
  #origins = new Map<string, Named>();
  /** Who wants each name that several want, by how it reads. */
  #contested = new Map<string, readonly Entry[]>();
  #owners = new Owners([]);
  #reported = new Set<string>();

  constructor(private readonly host: NamesHost) {}

  /** What the servers offer now. What is offered no more is forgotten. */
  update(offered: readonly Named[]): void {
    this.#owners = new Owners(this.host.servers());
    const entries = new Map<string, Entry>();
    for (const { server, name } of offered) {
      const entry = { server, name, key: keyOf({ server, name }), wanted: this.host.rule(server, name) };
      entries.set(entry.key, entry);
    }
    const wanting = this.#wanting([...entries.values()]);
    this.#contested = new Map([...wanting].filter(([, all]) => all.length > 1));
    this.#shown = new Map();
    this.#origins = new Map();
    for (const entry of entries.values()) this.#give(entry, this.#nameOf(entry, wanting));
    this.host.claims.keep(this.#origins);
    this.#reportRenamed([...entries.values()]);
  }

  /** The name of what was offered at the last update. */
  shown(named: Named): string | undefined {
    return this.#shown.get(keyOf(named));
  }

  /** Whose a shown name is. */
  origin(shown: string): Named | undefined {
    return this.#origins.get(shown);
  }

  /** The server that a name which nobody was seen to offer would belong to. */
  ownerOf(shown: string): string | undefined {
    return this.#owners.of(shown).server;
  }

  /** Why a name is nobody's, where that is more than that nobody offers it. */
  whyNobody(shown: string): string | undefined {
    const all = this.#contested.get(fold(shown));
    if (all) {
      const who = [...new Set(all.map(({ server }) => server))].join(" and ");
      const names = all.map(({ key }) => this.#shown.get(key)).join(" or ");
      return `${JSON.stringify(shown)} is offered by ${who}: ask for ${names}`;
    }
    const before = this.host.claims.holder(shown);
    return before && `${JSON.stringify(shown)} was of ${before}, and is of nobody now: list again`;
  }

  /** By each name as it reads, those who may have it: whose server it begins with, or all where it is no server's. */
  #wanting(entries: readonly Entry[]): Map<string, Entry[]> {
    const wanting = new Map<string, Entry[]>();
    for (const entry of entries) {
      const { server, claimed } = this.#owners.of(entry.wanted);
      if (claimed && server !== entry.server) continue;
      const folded = fold(entry.wanted);
      const all = wanting.get(folded);
      if (all) all.push(entry);
      else wanting.set(folded, [entry]);
    }
    return wanting;
  }

  #nameOf(entry: Entry, wanting: ReadonlyMap<string, readonly Entry[]>): string {
    const { server, name, wanted } = entry;
    const rivals = wanting.get(fold(wanted)) ?? [];
    const mayHave = rivals.includes(entry) && rivals.length === 1;
    if (mayHave && this.#isFree(wanted, server)) return wanted;
    const home = homeName(server, name);
    const alike = rivals.filter((rival) => rival.server === server).length > 1;
    const isHome = !alike && this.#owners.of(home).server === server && !wanting.has(fold(home));
    if (isHome && this.#isFree(home, server)) return home;
    return this.#suffixed(entry);
  }

  #isFree(name: string, server: string): boolean {
    if (name.length > MAX_NAME_LENGTH || RESERVED.test(fold(name))) return false;
    return (this.host.claims.holder(name) ?? server) === server;
  }

  #suffixed({ server, name, key }: Entry): string {
    const suffix = `_${createHash("sha256").update(key).digest("hex").slice(0, SUFFIX_DIGITS)}`;
    const room = MAX_NAME_LENGTH - suffix.length;
    const shownWith = (filler: string) => cut(homeName(server, filler + name), room) + suffix;
    // Not under another server's name either: `git` shows its `hub_push` as `git__hub_push_…` beside a `git_hub`.
    const fillers = ["", "_", ...Array.from({ length: room }, (_, i) => `${"x".repeat(i + 1)}_`)];
    const fitting = fillers.find((one) => (this.#owners.of(shownWith(one)).server ?? server) === server);
    return shownWith(fitting ?? "");
  }

  #give({ server, name, key }: Entry, shown: string): void {
    this.#shown.set(key, shown);
    this.#origins.set(shown, { server, name });
  }

  /** Once for all that are new: a server may rename thousands. */
  #reportRenamed(entries: readonly Entry[]): void {
    const renamed = entries.filter(({ key, wanted }) => this.#shown.get(key) !== wanted);
    const fresh = renamed.filter(({ key }) => !this.#reported.has(key));
    this.#reported = new Set(renamed.map(({ key }) => key));
    const [first, ...more] = fresh;
    if (!first) return;
    const { server, name, key, wanted } = first;
    const others = more.length > 0 ? `, and ${more.length} others likewise` : "";
    this.host.report(
      `${JSON.stringify(name)} of ${server} is shown as ${this.#shown.get(key)}: ${this.#whyRenamed(wanted, server)}${others}`,
    );
  }

  #whyRenamed(wanted: string, server: string): string {
    const shown = JSON.stringify(wanted);
    if (wanted.length > MAX_NAME_LENGTH) return `${shown} is longer than ${MAX_NAME_LENGTH} characters`;
    const owner = this.#owners.of(wanted);
    if (owner.claimed && owner.server !== server)
      return `${shown} would be read as of ${owner.server ?? "two servers"}`;
    if (RESERVED.test(fold(wanted))) return `${shown} looks like a name with a suffix`;
    if (this.#contested.has(fold(wanted))) return `${shown} is offered twice`;
    return `${shown} was of ${this.host.claims.holder(wanted)}`;
  }
}

/** The first characters, without half a character at the end. */
const cut = (text: string, length: number) => text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
