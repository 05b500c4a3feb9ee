import { isKnown, isPlainHeader, looksSecret, saysSecret } from "./secret-shapes.js";

/** Shorter values are often plain words or numbers, and taking those out would make a text unreadable. */
const MIN_LENGTH = 8;
/** What a name calls a secret is taken out from here on, as a whole word. */
const MIN_NAMED = 4;
/** So many of the tokens that came one after another are remembered. */
const MAX_FRESH = 32;
const URLS = /(?<![a-z\d+.-])[a-z][a-z\d+.-]*:\/\/[^\s"'<>]+/gi;
const URL_START = /^[a-z][a-z\d+.-]*:\/\//i;

/** All that one connection was told in confidence. It takes that out of any text, at a cost that grows with the text alone. */
export class Secrets {
  readonly #whole = new Set<string>();
  /** Short ones, which count as whole words only. */
  readonly #words = new Set<string>();
  readonly #fresh = new Set<string>();
  /** Made when a text is first looked at, and again when more is known. */
  #finder: Finder | undefined;

  /** A secret from 8 characters on; from 4 on where its name says that it is one. */
  add(value: string, { named = false } = {}): void {
    const secret = value.trim();
    if (isKnown(secret)) return;
    const known = secret.length >= MIN_LENGTH ? this.#whole : this.#words;
    if (secret.length < (named ? MIN_NAMED : MIN_LENGTH) || known.has(secret)) return;
    known.add(secret);
    this.#finder = undefined;
  }

  /** A token that another one follows some time. */
  addFresh(token: string): void {
    if (this.#fresh.has(token) || this.#whole.has(token)) return;
    this.#fresh.add(token);
    for (const old of this.#fresh) {
      if (this.#fresh.size <= MAX_FRESH) break;
      this.#fresh.delete(old);
    }
    this.#finder = undefined;
  }

  /** A value with a name: what the name or the value itself says is a secret, and where it is `given` to us, whatever its name. */
  addNamed(name: string, value: string, { given = false } = {}): void {
    const named = saysSecret(name);
    this.#addUrls(value);
    if (named || given || looksSecret(value)) this.add(value, { named });
  }

  addHeaders(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers))
      if (!isPlainHeader(name)) this.#addHeader(name, value);
  }

  #addHeader(name: string, value: string): void {
    const named = saysSecret(name);
    this.add(value, { named });
    if (/cookie/i.test(name)) for (const part of value.split(/; |=/)) this.add(part);
    const [, scheme = "", rest = ""] = /^(\S+)\s+(.+)$/.exec(value.trim()) ?? [];
    if (!/auth/i.test(name) || rest === "") return;
    this.add(rest, { named: true });
    if (/^basic$/i.test(scheme)) this.#addPair(Buffer.from(rest, "base64").toString());
  }

  /** User and password of a URL, the values of its query, and the parts of its path that are keys. */
  addUrl(url: string | URL): void {
    if (!URL.canParse(String(url))) return;
    const { username, password, searchParams, pathname } = new URL(url);
    if (username || password) {
      this.#addPair(`${username}:${password}`);
      this.#addPair(`${decoded(username)}:${decoded(password)}`);
      if (password === "") this.add(decoded(username), { named: true });
    }
    for (const [name, value] of searchParams) this.add(value, { named: saysSecret(name) });
    for (const part of pathname.split("/"))
      if (looksSecret(decoded(part))) for (const form of [part, decoded(part)]) this.add(form);
  }

  #addUrls(text: string): void {
    for (const [url] of text.matchAll(URLS)) this.addUrl(url);
  }

  /** User and password, as they are and as they go over the wire. */
  #addPair(pair: string): void {
    const at = pair.indexOf(":");
    if (at < 0) return;
    this.add(pair, { named: true });
    this.add(Buffer.from(pair).toString("base64"));
    this.add(pair.slice(0, at));
    this.add(pair.slice(at + 1), { named: true });
  }

  /** The arguments of a command: `--api-key=…`, `--token …`, `NAME=…`, `Authorization: …`, URLs, and what looks like a key. */
  addArguments(args: readonly string[]): void {
    let name = "";
    for (const arg of args) {
      this.#addUrls(arg);
      const [, key = "", value = ""] = /^-{0,2}([A-Za-z_][\w.-]*)[=:]\s*(.+)$/s.exec(arg) ?? [];
      if (name !== "" && !arg.startsWith("-")) this.addNamed(name, arg);
      else if (URL_START.test(arg)) name = "";
      else if (/^authorization$/i.test(key)) this.#addHeader(key, value);
      else if (key !== "") this.addNamed(key, value);
      else if (!/[/\\@\s]/.test(arg) && looksSecret(arg)) this.add(arg);
      for (const [, inner, text] of arg.matchAll(PAIR))
        if (saysSecret(inner!)) this.add(text!, { named: true });
      name = /^--?[\w.-]+$/.test(arg) && saysSecret(arg) ? arg : "";
    }
  }

  /** The text, with `[redacted]` in the place of each secret, and of the beginning of one where the text was cut off. */
  redact(text: string): string {
    this.#finder ??= finderOf([...this.#whole, ...this.#fresh], [...this.#words]);
    const { pattern, byHead } = this.#finder;
    let out = "";
    let from = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      const forms = byHead.get(match[0]);
      const length = forms ? lengthOf(text, match.index, forms) : match[0].length;
      if (length > 0) out += `${text.slice(from, match.index)}[redacted]`;
      pattern.lastIndex = match.index + Math.max(1, length);
      if (length > 0) from = pattern.lastIndex;
    }
    return from === 0 ? text : out + text.slice(from);
  }
}

/** `"apiKey": "…"` within an argument. */
const PAIR = /(?<![\w-])["']?([\w-]{1,64})["']?\s{0,8}[:=]\s{0,8}["']([^"']+)["']/g;

/** Makes a function that takes these secrets out of a text. Those under 8 characters are left. */
export function redactor(values: Iterable<string>): (text: string) => string {
  const secrets = new Secrets();
  for (const value of values) secrets.add(value);
  return (text) => secrets.redact(text);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

interface Finder {
  /** Finds the first 8 characters of each form, and the short ones. */
  pattern: RegExp;
  /** The forms that begin with these 8, the longest first. */
  byHead: Map<string, string[]>;
}

function finderOf(whole: readonly string[], words: readonly string[]): Finder {
  const forms = new Set(whole.flatMap(formsOf).filter((form) => form.length >= MIN_LENGTH && !isKnown(form)));
  const byHead = new Map<string, string[]>();
  for (const form of [...forms].sort((a, b) => b.length - a.length)) {
    const head = form.slice(0, MIN_LENGTH);
    byHead.set(head, [...(byHead.get(head) ?? []), form]);
  }
  const short =
    words.length > 0 ? [`(?<![\\p{L}\\p{N}_])(?:${words.map(escaped).join("|")})(?![\\p{L}\\p{N}_])`] : [];
  // Nothing is a secret: the pattern finds nothing.
  const pattern = new RegExp([...[...byHead.keys()].map(escaped), ...short].join("|") || "(?!)", "gu");
  return { pattern, byHead };
}

const CUT = new Set([undefined, "…", '"', "'", "\\", "\n"]);

/** How much of a secret stands there: all of it, or what is left of it before the end of a quotation. 0: it is none. */
function lengthOf(text: string, at: number, forms: readonly string[]): number {
  for (const form of forms) if (text.startsWith(form, at)) return form.length;
  let best = 0;
  for (const form of forms) {
    let length = MIN_LENGTH;
    while (length < form.length && text[at + length] === form[length]) length++;
    if (CUT.has(text[at + length])) best = Math.max(best, length);
  }
  return best;
}

/** The forms in which a secret may appear: whole, line by line, or as anybody writes it in JSON, a form, a URL, a page or base64. */
function formsOf(secret: string): string[] {
  const form = String(new URLSearchParams({ s: secret })).slice(2);
  const url = urlEncoded(secret);
  const strict = url.replace(/[!'()*]/g, (found) => `%${hex(found, 2).toUpperCase()}`);
  const lower = url.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase());
  const lines = secret.split(/\r?\n/).filter((line) => !line.startsWith("-----"));
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const urls = [form, url, strict, strict.replaceAll("%20", "+"), strict.replaceAll("%2F", "/"), lower];
  const bytes = [base64, Buffer.from(secret).toString("base64url")];
  return [secret, ...lines, ...jsonForms(secret), ...pageForms(secret), ...urls, ...bytes];
}

const hex = (unit: string, digits: number) => unit.charCodeAt(0).toString(16).padStart(digits, "0");

/** As JavaScript, Python, Go and PHP write it. */
function jsonForms(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${hex(unit, 4)}`);
  const safe = json.replace(/[<>&]/g, (unit) => `\\u${hex(unit, 4)}`);
  return [json, ascii, safe, ascii.replaceAll("/", "\\/")];
}

/** In HTML there are two customs for quotation marks. */
function pageForms(secret: string): string[] {
  const html = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quotes: [double: string, single: string][] = [
    ["&quot;", "&#39;"],
    ["&quot;", "&#x27;"],
    ["&#34;", "&#39;"],
    ['"', "'"],
  ];
  return quotes.map(([double, single]) => html.replaceAll('"', double).replaceAll("'", single));
}

function urlEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair cannot be encoded.
    return secret;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A text without the users and passwords of the URLs in it. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, "//");
}

/** The URI of a resource without the parts that are often secret. */
export function shownUri(uri: string): string {
  return withoutUserInfo(uri).replace(/[?#].*$/s, "");
}

/** A URL without user, password, query and fragment, and without the keys in its path, which may be secret. */
export function shownUrl(url: URL): string {
  const path = url.pathname.split("/").map((part) => (looksSecret(decoded(part)) ? "[redacted]" : part));
  return `${url.protocol}//${url.host}${path.join("/")}`;
}
