/** A thing by the name that it has at its server. */
export interface Named {
  server: string;
  name: string;
}

/** How programs read a name that they clean for a model: neither case nor punctuation tells two apart. */
export const fold = (name: string): string =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "_");

/** `server_name`, in which the server's name ends at the `_`. */
export const homeName = (server: string, name: string): string => `${server}_${name}`;

/** Whose a name is by its beginning: the longest configured server name that it begins with. */
export class Owners {
  /** Longest first; two servers that read alike are nobody. */
  readonly #prefixes: { prefix: string; server: string | undefined }[];

  constructor(servers: readonly string[]) {
    const byPrefix = new Map<string, string | undefined>();
    for (const server of servers) {
      const prefix = fold(homeName(server, ""));
      byPrefix.set(prefix, byPrefix.has(prefix) ? undefined : server);
    }
    this.#prefixes = [...byPrefix]
      .map(([prefix, server]) => ({ prefix, server }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** `server` undefined: no server's name begins it, or two that read alike do. */
  of(name: string): { server: string | undefined; claimed: boolean } {
    const folded = fold(name);
    const found = this.#prefixes.find(({ prefix }) => folded.startsWith(prefix));
    return { server: found?.server, claimed: found !== undefined };
  }
}
