import type { HoldfastError } from "../../base/errors.js";
import { Secrets } from "../../base/redact.js";
import { VERSION } from "../../base/version.js";
import type { Credential, FetchLike } from "../../contract/credential.js";
import type { Wire } from "../../contract/wire.js";
import { fetchOver } from "../fetch-over.js";
import type { NetworkOptions } from "../network.js";
import type { HttpAnswer } from "./answer.js";
import { Authorized } from "./authorized.js";
import { ACCEPTED_ENCODINGS } from "./decompress.js";
import { Dispatched } from "./dispatched.js";
import { Fetched } from "./fetched.js";
import type { HttpRequest, Sender } from "./request.js";
import { Sockets } from "./sockets.js";
import { withinOrigin } from "./within-origin.js";

export interface HttpClientOptions extends NetworkOptions {
  /** The server's, for what a caller is told. */
  name: string;
  /** The user's own; they go with each request. */
  headers: Record<string, string>;
  credential: Credential | undefined;
  /** How many calls go over sockets at once. */
  maxSockets: number;
  /** What the connection was told in confidence. Default: what the other options hold. */
  secrets?: Secrets;
  /** The longest wait that the server may ask for. Default 3,600,000. */
  maxRetryAfterMs?: number;
}

const DEFAULT_HEADERS = { "user-agent": `holdfast/${VERSION}`, "accept-encoding": ACCEPTED_ENCODINGS };

/** The requests of one connection: its sockets, its cookies and its credential, and redirects within the origin. */
export class HttpClient implements Sender<HttpAnswer> {
  /** What goes with each request, the names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #sockets: Sockets | undefined;
  readonly #authorized: Authorized;
  readonly #secrets: Secrets;
  readonly #maxWaitMs: number | undefined;

  constructor(options: HttpClientOptions, wire: Pick<Wire, "onRefused" | "onParked" | "onResumed">) {
    const { url, fetch, headers, maxRetryAfterMs } = options;
    this.#maxWaitMs = maxRetryAfterMs;
    this.headers = { ...DEFAULT_HEADERS, ...lowerCased(headers) };
    this.#secrets = options.secrets ?? new Secrets();
    this.#secrets.addHeaders(headers);
    this.#secrets.addUrl(url);
    const within = withinOrigin(url);
    const sockets = fetch ? undefined : new Sockets(options);
    this.#sockets = sockets;
    const plain = fetch ? new Fetched(fetch) : new Dispatched(sockets!, options.maxSockets);
    const signed = (sign: (fetch: FetchLike) => FetchLike) =>
      new Fetched(sign(fetch ?? fetchOver(() => sockets!.agent)));
    const { credential } = options;
    this.#authorized = new Authorized(
      wire,
      { ...options, secrets: this.#secrets },
      {
        plain: within(plain),
        signed: credential?.sign && within(signed(credential.sign.bind(credential))),
      },
    );
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.#authorized.send(request);
    answer.maxWaitMs = this.#maxWaitMs ?? answer.maxWaitMs;
    return answer;
  }

  /** What a caller is told where the server wants a credential that there is not; undefined for any other answer. */
  unauthorized(answer: HttpAnswer): HoldfastError | undefined {
    return this.#authorized.refused(answer);
  }

  /** A text of the server's without what it was told in confidence. */
  redact(text: string, { headers }: HttpRequest): string {
    // Cookies and signatures are new with each request, and a server repeats no others.
    const own = new Secrets();
    const { authorization = "", cookie = "", dpop = "" } = headers;
    own.addHeaders({ authorization, cookie, dpop });
    return own.redact(this.#secrets.redact(text));
  }

  /** Nobody is asked for a credential any more: the wire is going. */
  leave(): void {
    this.#authorized.ending = true;
  }

  /** Undefined where the sockets are not ours to count. */
  get bytesRead(): number | undefined {
    return this.#sockets?.bytesRead;
  }

  /** Whether the machine is there; a proxy or a `fetch` of the user's says nothing of the server. */
  async alive(timeoutMs: number): Promise<boolean> {
    return this.#sockets?.alive(timeoutMs) ?? false;
  }

  /** What begins now goes over new sockets. */
  renew(): void {
    this.#sockets?.renew();
  }

  /** Destroys the sockets. */
  async close(): Promise<void> {
    await this.#sockets?.close();
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
