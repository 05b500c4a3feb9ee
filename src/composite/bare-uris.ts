import type { Offer } from "./offer.js";
import { isOwn, originOfUri, ownUri, showUri } from "./uris.js";

export interface UriOrigin {
  server: string;
  uri: string;
  /** Listed as it is, and not only an instance of a template. */
  listed: boolean;
}

/**
 * URIs that are shown as they are. What one server lists is that server's; what two list is nobody's, and each is shown
 * under our own scheme; what only templates have belongs to the one server whose template it fits.
 */
export class BareUris {
  readonly #listers = new Map<string, string[]>();
  readonly #templates: { server: string; uriTemplate: string }[] = [];

  constructor(private readonly offers: ReadonlyMap<string, Offer>) {
    for (const [server, { resources = [], templates = [] }] of offers) {
      const uris = [...resources.map(({ uri }) => uri), ...templates.map(({ uriTemplate }) => uriTemplate)];
      for (const uri of new Set(uris)) this.#listers.set(uri, [...(this.#listers.get(uri) ?? []), server]);
      for (const { uriTemplate } of templates) this.#templates.push({ server, uriTemplate });
    }
  }

  show(server: string, uri: string): string {
    if (isOwn(uri)) return showUri(server, uri);
    return (this.#listers.get(uri) ?? []).some((other) => other !== server) ? ownUri(server, uri) : uri;
  }

  origin(shown: string): UriOrigin | undefined {
    if (isOwn(shown)) {
      const origin = originOfUri(shown, this.offers.keys());
      return origin && { ...origin, listed: true };
    }
    const all = this.owners(shown);
    const [server] = all;
    if (server === undefined || all.length > 1) return undefined;
    return { server, uri: shown, listed: this.#listers.has(shown) };
  }

  /** Those who list it, else those who have a template for it. */
  owners(shown: string): readonly string[] {
    const listers = this.#listers.get(shown);
    if (listers) return listers;
    const fitting = this.#templates.filter(({ uriTemplate }) => mayMatch(uriTemplate, shown));
    return [...new Set(fitting.map(({ server }) => server))];
  }
}

/**
 * Whether a URI may be an instance of a template: its fixed parts are there, in their order. A template without a scheme
 * of its own has no instance: it would have every URI.
 */
export function mayMatch(template: string, uri: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(template)) return false;
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
