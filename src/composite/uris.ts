/** Marks the rest of a URI that had no `//`: `urn:x` is shown as `urn://server/%3Ax`. */
const OPAQUE = "%3A";
const OWN = "holdfast";
const ESCAPED = /^%((?:25)*)3A/;

/** `scheme://rest` as `scheme://server/rest`; templates too. Every URI can be read back from what is shown. */
export function showUri(server: string, uri: string): string {
  const [, scheme, slashes, rest] = /^([a-z][a-z0-9+.-]*):(\/\/)?(.*)$/is.exec(uri) ?? [];
  // Not a URI at all, and still to be read back: under a scheme of ours, in which `n` and `u` tell it from a real one.
  if (scheme === undefined) return ownUri(server, uri);
  const opaque = `${OPAQUE}${scheme === OWN ? "u" : ""}${rest}`;
  const shown = slashes ? rest!.replace(ESCAPED, "%25$13A") : opaque;
  return `${scheme}://${hostOf(server)}/${shown}`;
}

/** A URI that several servers have, under our own scheme: it is read back as any other. */
export const ownUri = (server: string, uri: string): string => `${OWN}://${hostOf(server)}/${OPAQUE}n${uri}`;

/** Whether a URI is under our own scheme, which no server may have for itself. */
export const isOwn = (uri: string): boolean => uri.toLowerCase().startsWith(`${OWN}:`);

/** Whose a shown URI is, and what it was. */
export function originOfUri(
  shown: string,
  servers: Iterable<string>,
): { server: string; uri: string } | undefined {
  const [, scheme, host, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)\/(.*)$/is.exec(shown) ?? [];
  if (rest === undefined) return undefined;
  const all = [...servers];
  // Some make the host of a URL lower-case; where that could be two servers, it is none.
  const alike = all.filter((name) => hostOf(name).toLowerCase() === host!.toLowerCase());
  const server = all.find((name) => hostOf(name) === host) ?? (alike.length === 1 ? alike[0] : undefined);
  if (server === undefined) return undefined;
  if (rest.startsWith(OPAQUE)) {
    const opaque = rest.slice(OPAQUE.length);
    if (scheme !== OWN) return { server, uri: `${scheme}:${opaque}` };
    return { server, uri: opaque.startsWith("n") ? opaque.slice(1) : `${scheme}:${opaque.slice(1)}` };
  }
  return { server, uri: `${scheme}://${rest.replace(/^%25((?:25)*)3A/, "%$13A")}` };
}

const hostOf = (server: string): string => encodeURIComponent(server);
