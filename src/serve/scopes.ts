import { fieldsOf } from "../base/fields.js";
import { type AccessKind, matches } from "../composite/access.js";
import { homeName } from "../composite/owners.js";
import { showUri } from "../composite/uris.js";
import type { AccessList } from "../config/server.js";

/** By the method that uses it: its kind, and the field of its name. */
const USES: Record<string, [AccessKind, string]> = {
  "tools/call": ["tools", "name"],
  "prompts/get": ["prompts", "name"],
  "resources/read": ["resources", "uri"],
  "resources/subscribe": ["resources", "uri"],
  "resources/unsubscribe": ["resources", "uri"],
};
/** They name nothing that a server offers; what they give is filtered. */
const OPEN =
  /^(initialize|ping|server\/discover|logging\/setLevel|(tools|prompts|resources|resources\/templates)\/list|tasks\/(get|result|cancel|update)|notifications\/.+)$/;
/** The lists of an answer. */
const LISTS: [string, AccessKind, string][] = [
  ["tools", "tools", "name"],
  ["prompts", "prompts", "name"],
  ["resources", "resources", "uri"],
  ["resourceTemplates", "resources", "uriTemplate"],
];

/** A request that needs a scope which its token has not; `scopes`: any of them would do. */
export interface MissingScope {
  what: string;
  scopes: string[];
}

/** What the scopes of a token let its holder see and use. */
export class Scoped {
  /** `server`: the one behind the address; undefined: all, under their shown names. */
  constructor(
    private readonly rules: Readonly<Record<string, AccessList>>,
    private readonly granted: readonly string[],
    private readonly server: string | undefined,
  ) {}

  /** Why a message, or a batch of them, may not pass. */
  missing(body: unknown): MissingScope | undefined {
    for (const message of Array.isArray(body) ? body : [body]) {
      const missing = this.#missingFor(fieldsOf(message));
      if (missing) return missing;
    }
    return undefined;
  }

  /** An answer without what may not be seen. */
  shown(message: unknown): unknown {
    const result = fieldsOf(fieldsOf(message)["result"]);
    const filtered = LISTS.flatMap(([list, kind, name]) => {
      const items = result[list];
      if (!Array.isArray(items)) return [];
      return [[list, items.filter((item) => this.#may(kind, String(fieldsOf(item)[name])))]];
    });
    if (filtered.length === 0) return message;
    return { ...fieldsOf(message), result: { ...result, ...Object.fromEntries(filtered) } };
  }

  #missingFor({ method, params }: Record<string, unknown>): MissingScope | undefined {
    // An answer to a question of a server's.
    if (typeof method !== "string" || OPEN.test(method)) return undefined;
    const fields = fieldsOf(params);
    if (method === "subscriptions/listen") {
      const uris = fieldsOf(fields["notifications"])["resourceSubscriptions"];
      return firstOf(Array.isArray(uris) ? uris.map((uri) => this.#needed("resources", String(uri))) : []);
    }
    if (method === "completion/complete") {
      const { type, name, uri } = fieldsOf(fields["ref"]);
      return type === "ref/prompt"
        ? this.#needed("prompts", String(name))
        : this.#needed("resources", String(uri));
    }
    const use = USES[method];
    if (use) return this.#needed(use[0], String(fields[use[1]]));
    // What only extensions know, and nobody can tell what it reaches: for who may do anything.
    return this.#needsAll(method);
  }

  #needed(kind: AccessKind, name: string): MissingScope | undefined {
    if (this.#may(kind, name)) return undefined;
    const scopes = Object.keys(this.rules).filter((scope) => this.#grants(scope, kind, name));
    return { what: `${kind.slice(0, -1)} ${name}`, scopes };
  }

  /** Whether everything may be seen. */
  get isWhole(): boolean {
    return this.#needsAll("") === undefined;
  }

  #needsAll(method: string): MissingScope | undefined {
    const all = Object.keys(this.rules).filter((scope) => [this.rules[scope]].flat().includes("*"));
    return this.granted.some((scope) => all.includes(scope)) ? undefined : { what: method, scopes: all };
  }

  #may(kind: AccessKind, name: string): boolean {
    return this.granted.some((scope) => this.#grants(scope, kind, name));
  }

  #grants(scope: string, kind: AccessKind, name: string): boolean {
    const list = Object.hasOwn(this.rules, scope) ? this.rules[scope] : undefined;
    const globs = Array.isArray(list) ? list : list?.[kind];
    const shown = this.#shownName(kind, name);
    return globs?.some((glob) => matches(glob, shown)) ?? false;
  }

  /** As it is shown where all servers are together. */
  #shownName(kind: AccessKind, name: string): string {
    if (this.server === undefined) return name;
    return kind === "resources" ? showUri(this.server, name) : homeName(this.server, name);
  }
}

const firstOf = (all: (MissingScope | undefined)[]) => all.find((one) => one !== undefined);
