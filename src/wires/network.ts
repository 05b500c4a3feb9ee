import type { Dispatcher } from "undici";
import { codeOf, messageOf, type Outcome } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { FetchLike } from "../contract/credential.js";
import { DEFAULTS } from "../contract/options.js";
import { type AgentOptions, createAgent, proxyFor, Traffic, takesConnections } from "./agent.js";
import { fetchOver } from "./fetch-over.js";

export interface NetworkOptions extends AgentOptions {
  url: URL;
  /** The user's own: sockets, proxy and TLS are the user's then. */
  fetch: FetchLike | undefined;
}

/** The requests of one connection, over sockets of its own. */
export class Network {
  readonly #own: FetchLike | undefined;
  readonly #agent: Dispatcher | undefined;
  readonly #traffic = new Traffic();

  constructor(private readonly options: NetworkOptions) {
    this.#own = options.fetch;
    if (!options.fetch) this.#agent = createAgent(options, this.#traffic);
  }

  /** Undefined where the sockets are not ours to count. */
  get bytesRead(): number | undefined {
    return this.#isDirect() ? this.#traffic.bytesRead : undefined;
  }

  /** A proxy or a `fetch` of the user's says nothing of the server. */
  async alive(timeoutMs: number): Promise<boolean> {
    return this.#isDirect() && takesConnections(this.options.url, timeoutMs);
  }

  #isDirect(): boolean {
    const { url, proxy } = this.options;
    return !this.#own && proxyFor(url, proxy) === undefined;
  }

  fetch(url: string | URL, init?: RequestInit): Promise<Response> {
    if (this.#own) return this.#own(url, init);
    return fetchOver(() => this.#agent!)(url, init);
  }

  /** Destroys the sockets. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
  }
}

/** Failures that happen before a byte of the request was written. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_HAS_EXPIRED",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "EPROTO",
]);

/** What became of a request that the network failed; undefined where the failure is the server's own answer. */
export function networkOutcome(error: unknown): Outcome | undefined {
  if (!isNetworkFailure(error)) return undefined;
  return isNeverSent(error) ? "not-sent" : "unknown";
}

/** A route can be lost under an open socket too: then the same code comes from another call of the system's. */
function isNeverSent(error: unknown): boolean {
  if (!NEVER_SENT.has(codeOf(error) ?? "")) return false;
  const syscall = syscallOf(error);
  return syscall === undefined || syscall === "connect" || syscall === "getaddrinfo";
}

function syscallOf(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e instanceof AggregateError ? e.errors[0] : e.cause) {
    const { syscall } = fieldsOf(e);
    if (typeof syscall === "string") return syscall;
  }
  return undefined;
}

const BUSY = new Set([429, 503]);

/** `Retry-After` in milliseconds, given as seconds or as a date; at most `maxMs`. */
export function retryAfterMs(
  status: number,
  value: string | null | undefined,
  maxMs: number = DEFAULTS.maxRetryAfterMs,
): number | undefined {
  if (!BUSY.has(status) || !value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), maxMs);
}

export function isNetworkFailure(error: unknown): boolean {
  if (fieldsOf(error)["name"] === "AbortError") return false;
  return (
    error instanceof TypeError &&
    (error.cause !== undefined || /fetch failed|terminated/.test(messageOf(error)))
  );
}

/** The same bytes; `ended` is called when they end, well or badly, but not when the reader goes away. */
export function watchBody(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      ended();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
