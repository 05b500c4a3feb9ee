import { type Cookie, parseCookie } from "undici";
import { systemClock } from "../../machines/clock.js";

/** More than any server needs; the oldest goes first. */
const MAX_COOKIES = 50;
const MAX_LENGTH = 4096;

interface StoredCookie {
  pair: string;
  path: string;
  expiresAt: number;
}

/** The cookies that one origin set. They are sent to that origin only, and shown nowhere. */
export class Cookies {
  readonly #cookies = new Map<string, StoredCookie>();

  constructor(private readonly origin: URL) {}

  /** What an answer from `url` sets. */
  take(lines: readonly string[], url: URL): void {
    if (url.origin !== this.origin.origin) return;
    for (const line of lines) {
      const cookie = line.length > MAX_LENGTH ? null : parseCookie(line);
      if (cookie && this.#concerns(cookie)) this.#keep(cookie, url);
    }
  }

  /** The header for a request to `url`; undefined where there is nothing to say. */
  for(url: URL): string | undefined {
    if (this.#cookies.size === 0 || url.origin !== this.origin.origin) return undefined;
    const now = systemClock.now();
    const pairs: string[] = [];
    for (const [key, { pair, path, expiresAt }] of this.#cookies) {
      if (expiresAt <= now) this.#cookies.delete(key);
      else if (isWithin(url.pathname, path)) pairs.push(pair);
    }
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }

  /** A cookie for a whole domain is kept for this origin only, and one for another domain not at all. */
  #concerns({ domain }: Cookie): boolean {
    const host = this.origin.hostname;
    return domain === undefined || domain === host || host.endsWith(`.${domain.replace(/^\./, "")}`);
  }

  #keep({ name, value, path, maxAge, expires }: Cookie, url: URL): void {
    const at = path?.startsWith("/") ? path : url.pathname.replace(/\/[^/]*$/, "") || "/";
    const now = systemClock.now();
    const expiresAt =
      maxAge !== undefined ? now + maxAge * 1000 : expires ? Number(expires) : Number.POSITIVE_INFINITY;
    const key = `${name} ${at}`;
    this.#cookies.delete(key);
    if (expiresAt <= now) return;
    this.#cookies.set(key, { pair: name ? `${name}=${value}` : value, path: at, expiresAt });
    if (this.#cookies.size > MAX_COOKIES) this.#cookies.delete(this.#cookies.keys().next().value!);
  }
}

const isWithin = (pathname: string, path: string): boolean =>
  pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
