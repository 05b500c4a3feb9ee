import { createHash } from "node:crypto";

/** The longest name that every model's tool calling takes. */
export const MAX_NAME_LENGTH = 64;

/** Makes the name under which a server's tool or prompt is shown. */
export type NameRule = (server: string, name: string) => string;

/** `server_name`: what FastMCP does. */
export const prefixed: NameRule = (server, name) => `${server}_${name}`;
export const bare: NameRule = (_server, name) => name;

/**
 * The names under which one kind of thing is shown. A name that was given stays for as long as this lives, and is read
 * back from a table, never by cutting it. What collides or is too long gets a suffix that depends on nothing but the
 * server and the name.
 */
export class Names {
  readonly #shown = new Map<string, string>();
  readonly #origins = new Map<string, { server: string; name: string }>();

  constructor(
    private readonly rule: NameRule,
    private readonly report: (message: string) => void,
  ) {}

  show(server: string, name: string): string {
    const key = JSON.stringify([server, name]);
    const known = this.#shown.get(key);
    if (known !== undefined) return known;
    const wanted = this.rule(server, name);
    const shown = this.#free(wanted, key);
    if (shown !== wanted) {
      const why =
        wanted.length > MAX_NAME_LENGTH ? `is longer than ${MAX_NAME_LENGTH} characters` : "is taken";
      this.report(
        `${JSON.stringify(name)} of ${server} is shown as ${shown}: ${JSON.stringify(wanted)} ${why}`,
      );
    }
    this.#shown.set(key, shown);
    this.#origins.set(shown, { server, name });
    return shown;
  }

  /** Whose a shown name is. */
  origin(shown: string): { server: string; name: string } | undefined {
    return this.#origins.get(shown);
  }

  #free(wanted: string, key: string): string {
    if (wanted.length <= MAX_NAME_LENGTH && !this.#origins.has(wanted)) return wanted;
    const suffix = `_${createHash("sha256").update(key).digest("hex").slice(0, 6)}`;
    return wanted.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
  }
}
