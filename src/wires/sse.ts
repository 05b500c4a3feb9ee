import {
  type JSONRPCMessage,
  SdkErrorCode,
  SdkHttpError,
  SSEClientTransport,
} from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Credential } from "../contract/credential.js";
import type { Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import { AuthorizedFetch } from "./authorized-fetch.js";
import { Lost, sessionGone } from "./lost.js";
import {
  busy,
  isNetworkFailure,
  Network,
  type NetworkOptions,
  networkOutcome,
  retryAfter,
  watchBody,
} from "./network.js";

export interface SseWireOptions extends NetworkOptions {
  /** The server's, for what a caller is told. */
  name: string;
  headers: Record<string, string>;
  credential: Credential | undefined;
}

/**
 * The legacy HTTP+SSE transport, the SDK's, over sockets of its own. Answers come on the one stream, so its end is
 * the wire's: the SDK would open another one, behind which no session is.
 */
export class SseWire implements Wire {
  onclose?: Wire["onclose"];
  onerror?: Wire["onerror"];
  onmessage?: Wire["onmessage"];
  onDoubt?: Wire["onDoubt"];
  onRefused?: Wire["onRefused"];
  onParked?: Wire["onParked"];
  failure?: Failure;
  readonly listening = "open";
  readonly #sdk: SSEClientTransport;
  readonly #network: Network;
  readonly #authorized: AuthorizedFetch;
  #retryAfterMs: number | undefined;
  /** Why the stream could not be opened. */
  #refusal: unknown;
  /** The stream was answered once; every further request for one is the SDK's own retry. */
  #streamed = false;
  #started = false;
  /** The server answered once: a 404 means that it forgot the session, and not that the address is wrong. */
  #heard = false;
  #ended = false;
  #giveUp: (reason: Error) => void = () => {};

  constructor(options: SseWireOptions) {
    this.#network = new Network(options);
    this.#authorized = new AuthorizedFetch(this, options, (url, init) => this.#network.fetch(url, init));
    this.#sdk = new SSEClientTransport(options.url, {
      requestInit: { headers: options.headers },
      fetch: (url, init) => this.#fetch(url, init),
    });
  }

  get bytesRead(): number | undefined {
    return this.#network.bytesRead;
  }

  alive(timeoutMs: number): Promise<boolean> {
    return this.#network.alive(timeoutMs);
  }

  setProtocolVersion(version: string): void {
    this.#sdk.setProtocolVersion(version);
  }

  /** Settles when the server has named its endpoint; rejects when the wire is closed first. */
  async start(): Promise<void> {
    this.#sdk.onmessage = (message) => {
      this.#heard = true;
      this.onmessage?.(message);
    };
    this.#sdk.onerror = (error) => {
      if (!this.#ended && this.#started) this.onerror?.(error);
    };
    const closed = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    try {
      await Promise.race([this.#sdk.start(), closed]);
    } catch (error) {
      // The SDK makes plain text of what went wrong with the stream.
      throw this.#refusal ?? error;
    }
    this.#started = true;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    try {
      await this.#sdk.send(message);
    } catch (error) {
      if (!this.#ended && isNetworkFailure(error)) this.onDoubt?.(error);
      throw busy(error, this.#retryAfterMs) ?? this.#authorized.refused(error) ?? error;
    }
  }

  outcomeOf(error: unknown): Outcome | undefined {
    return error instanceof Lost ? error.outcome : networkOutcome(error);
  }

  explain(failure: Failure): Failure {
    return this.#retryAfterMs === undefined ? failure : { ...failure, retryAfterMs: this.#retryAfterMs };
  }

  async close(): Promise<void> {
    this.#end();
    await this.#sdk.close();
    await this.#network.close();
  }

  #end(failure?: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    if (failure) this.failure = failure;
    this.#giveUp(new Error("the wire was closed"));
    this.onclose?.();
  }

  async #fetch(url: string | URL, init?: RequestInit): Promise<Response> {
    if (init && isMessage(init)) return this.#post(url, init);
    if (this.#streamed || this.#ended) throw new Error("a stream that ended is not opened again");
    try {
      return this.#watchStream(await this.#authorized.fetch(url, init));
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }

  #watchStream(response: Response): Response {
    this.#retryAfterMs = retryAfter(response);
    const { status, headers, body } = response;
    if (isRedirect(status)) return response;
    if (!response.ok) throw refused(response);
    this.#streamed = true;
    if (!body) return response;
    const ended = () => {
      const message = "the server ended the stream";
      if (this.#started) this.#end({ code: "CONNECTION_LOST", message });
      else this.#giveUp(new Error(message));
    };
    return new Response(watchBody(body, ended), { status, headers });
  }

  /** The SDK makes plain text of a refusal; the status says what became of the request. */
  async #post(url: string | URL, init: RequestInit): Promise<Response> {
    const response = await this.#authorized.fetch(url, init);
    this.#retryAfterMs = retryAfter(response);
    if (response.ok || isRedirect(response.status)) return response;
    await response.body?.cancel();
    if (response.status === 404 && this.#heard) throw new Lost("rejected", sessionGone, "now");
    throw refused(response);
  }
}

/** The SDK follows those that stay within the origin. */
const isRedirect = (status: number) => status >= 300 && status < 400;

const isMessage = (init: RequestInit | undefined): boolean =>
  init?.method === "POST" && typeof init.body === "string" && init.body.includes('"jsonrpc"');

const refused = ({ status, statusText }: Response) =>
  new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, `HTTP ${status} ${statusText}`.trim(), {
    status,
    statusText,
  });
