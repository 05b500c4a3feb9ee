import { tomlParser } from "../syntax.js";
import { type Field, fieldOf, type Item, type Span } from "./spans.js";

/** Where the values of a file of TOML stand. The file has been parsed before: what is wrong in it is not told here. */
export const tomlSpans = (text: string, path: string): Span => new Reader(text, path).document();

const KEY = /[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'/y;
const STRING = /"""(?:[^\\]|\\[\s\S])*?"""+|'''[\s\S]*?'''+|"(?:[^"\\]|\\.)*"|'[^']*'/y;
const PLAIN = /[^,\]}#\r\n]*[^,\]}#\s]/y;
const BLANK = /[ \t]*/y;
/** Also over lines and comments. */
const BETWEEN = /(?:[ \t\r\n,]|#[^\n]*)*/y;

class Reader {
  #at = 0;
  readonly #parse: (text: string) => Record<string, unknown>;

  constructor(
    private readonly text: string,
    path: string,
  ) {
    this.#parse = tomlParser("a change of a config", path).parse;
  }

  document(): Span {
    const root = this.#table(0);
    let table = root;
    for (this.#take(BETWEEN); this.#at < this.text.length; this.#take(BETWEEN)) {
      if (this.text[this.#at] === "[") table = this.#header(root);
      else this.#pair(table);
    }
    return root;
  }

  #header(root: Span): Span {
    const isList = this.text.startsWith("[[", this.#at);
    this.#at += isList ? 2 : 1;
    const start = this.#at;
    const keys = this.#keys();
    this.#at += isList ? 2 : 1;
    const last = keys.pop() ?? "";
    const parent = this.#under(root, keys, start);
    if (!isList) return this.#under(parent, [last], start);
    const list =
      fieldOf(parent, last)?.value ?? this.#add(parent, last, start, { ...this.#span(start), items: [] });
    const table = this.#table(start);
    list.items?.push({ start, value: table });
    return table;
  }

  #pair(table: Span): void {
    const start = this.#at;
    const keys = this.#keys();
    const written = this.text.slice(start, this.#at).trimEnd();
    this.#at++;
    this.#take(BLANK);
    const last = keys.pop() ?? "";
    const parent = this.#under(table, keys, start);
    parent.fields?.push({ key: last, start, written, value: this.#value() });
  }

  /** The table at a path of keys, which is made where it is not there yet. */
  #under(table: Span, keys: readonly string[], start: number): Span {
    return keys.reduce(
      (at, key) => existing(at, key) ?? this.#add(at, key, start, this.#table(start)),
      table,
    );
  }

  #add(table: Span, key: string, start: number, value: Span): Span {
    table.fields?.push({ key, start, written: key, value });
    return value;
  }

  #keys(): string[] {
    const keys: string[] = [];
    do {
      this.#take(BLANK);
      const written = this.#take(KEY);
      keys.push(/^["']/.test(written) ? String(this.#scalar(written)) : written);
      this.#take(BLANK);
    } while (this.text[this.#at] === "." && this.#at++);
    return keys;
  }

  #value(): Span {
    const start = this.#at;
    const first = this.text[start];
    if (first === "[") return this.#within(start, { items: this.#items() });
    if (first === "{") return this.#within(start, { fields: this.#fields() });
    const written = this.#take(first === '"' || first === "'" ? STRING : PLAIN);
    // What is none of these is none that we change, and must not be looked at for ever.
    if (written === "") this.#at++;
    return this.#within(start, { value: this.#scalar(written) });
  }

  #items(): Item[] {
    const items: Item[] = [];
    this.#at++;
    for (this.#take(BETWEEN); this.#isInside("]"); this.#take(BETWEEN))
      items.push({ start: this.#at, value: this.#value() });
    this.#at++;
    return items;
  }

  #fields(): Field[] {
    const table = { ...this.#table(this.#at), block: false };
    this.#at++;
    for (this.#take(BETWEEN); this.#isInside("}"); this.#take(BETWEEN)) this.#pair(table);
    this.#at++;
    return table.fields ?? [];
  }

  #isInside(end: string): boolean {
    return this.#at < this.text.length && this.text[this.#at] !== end;
  }

  #scalar(written: string): unknown {
    try {
      return this.#parse(`x = ${written}`)["x"];
    } catch {
      return undefined;
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.text) ?? [];
    this.#at += found.length;
    return found;
  }

  #within(start: number, more: Partial<Span>): Span {
    return { ...this.#span(start), end: this.#at, ...more };
  }

  #span = (start: number): Span => ({ start, end: start, block: false, tied: false });
  #table = (start: number): Span => ({ ...this.#span(start), block: true, fields: [] });
}

/** The table of that name, or the newest of a list of tables. */
function existing(table: Span, key: string): Span | undefined {
  const found = fieldOf(table, key)?.value;
  return found?.items ? found.items.at(-1)?.value : found;
}
