import { AsyncLocalStorage } from "node:async_hooks";
import {
  type JSONRPCMessage,
  type MessageExtraInfo,
  StreamableHTTPClientTransport,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import { type Outcome, statusOf } from "../base/errors.js";
import type { Credential } from "../contract/credential.js";
import type { Listening, Wire } from "../contract/wire.js";
import { backoffDelay, DEFAULT_BACKOFF } from "../machines/backoff.js";
import { systemClock } from "../machines/clock.js";
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

export interface HttpWireOptions extends NetworkOptions {
  /** The server's, for what a caller is told. */
  name: string;
  headers: Record<string, string>;
  credential: Credential | undefined;
  closeTimeoutMs: number;
}

/** A resumed answer stream that fails so often in a row is given up: the request is lost. */
const MAX_RESUMES = 3;
const STABLE_MS = 5_000;

/** One request, as far as its answer's stream is resumed. */
interface Resume {
  failed: number;
  end: (() => void) | undefined;
}

/**
 * Streamable HTTP, the SDK's, over sockets of its own. A failed request is not a lost wire: it is settled by
 * itself, and a failure of the network only raises a doubt. The stream on which the server speaks first is
 * reopened for as long as the wire lives.
 */
export class HttpWire implements Wire {
  onclose?: Wire["onclose"];
  onerror?: Wire["onerror"];
  onmessage?: Wire["onmessage"];
  onDoubt?: Wire["onDoubt"];
  onListening?: Wire["onListening"];
  onRefused?: Wire["onRefused"];
  onParked?: Wire["onParked"];
  failure?: Failure;
  listening: Listening = "none";
  readonly hasPerRequestStream = true;
  readonly #sdk: StreamableHTTPClientTransport;
  readonly #network: Network;
  readonly #authorized: AuthorizedFetch;
  readonly #timers = new Set<unknown>();
  #reopenings = 0;
  /**
   * The request on whose behalf the SDK asks for a stream; none on behalf of the inbound one. The SDK hands nothing
   * through that would tell: the signals that it asks with are its own.
   */
  readonly #request = new AsyncLocalStorage<Resume | undefined>();
  #pings = 0;
  #retryAfterMs: number | undefined;
  #ended = false;

  constructor(private readonly options: HttpWireOptions) {
    this.#network = new Network(options);
    this.#authorized = new AuthorizedFetch(this, options, (url, init) => this.#network.fetch(url, init));
    this.#sdk = new StreamableHTTPClientTransport(options.url, {
      requestInit: { headers: options.headers },
      fetch: (url, init) => this.#fetch(url, init),
      reconnectionOptions: {
        initialReconnectionDelay: DEFAULT_BACKOFF.baseMs,
        maxReconnectionDelay: DEFAULT_BACKOFF.capMs,
        reconnectionDelayGrowFactor: 2,
        maxRetries: Number.POSITIVE_INFINITY,
      },
      reconnectionScheduler: (reconnect, delay) => this.#schedule(reconnect, delay),
    });
  }

  get bytesRead(): number | undefined {
    return this.#network.bytesRead;
  }

  alive(timeoutMs: number): Promise<boolean> {
    return this.#network.alive(timeoutMs);
  }

  get sessionId(): string | undefined {
    return this.#sdk.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#sdk.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    this.#sdk.onmessage = (message: JSONRPCMessage, extra?: MessageExtraInfo) =>
      this.onmessage?.(message, extra);
    this.#sdk.onerror = (error) => {
      if (!this.#ended) this.onerror?.(error);
    };
    await this.#sdk.start();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const isRequest = "method" in message && "id" in message;
    const resume = isRequest ? { failed: 0, end: options?.onRequestStreamEnd } : undefined;
    try {
      await this.#request.run(resume, () =>
        this.#sdk.send(message, options as Parameters<StreamableHTTPClientTransport["send"]>[1]),
      );
    } catch (error) {
      if (await this.#forgotten(statusOf(error))) throw new Lost("rejected", sessionGone, "now");
      if (!this.#ended && isNetworkFailure(error)) this.onDoubt?.(error);
      throw busy(error, this.#retryAfterMs) ?? this.#authorized.refused(error) ?? error;
    }
  }

  outcomeOf(error: unknown): Outcome | undefined {
    return error instanceof Lost ? error.outcome : networkOutcome(error);
  }

  /** A busy server's own word on when to come back. */
  explain(failure: Failure): Failure {
    return this.#retryAfterMs === undefined ? failure : { ...failure, retryAfterMs: this.#retryAfterMs };
  }

  /** An asked end tells the server with DELETE; a server that knows no such thing is fine. */
  async end(): Promise<void> {
    this.#authorized.ending = true;
    if (this.#ended || this.sessionId === undefined) return;
    const deadline = new Promise<void>((resolve) => {
      const timer = systemClock.setTimeout(resolve, this.options.closeTimeoutMs * 0.6);
      this.#timers.add(timer);
    });
    this.#sdk.onerror = () => {};
    await Promise.race([this.#sdk.terminateSession().catch(() => {}), deadline]);
  }

  async close(): Promise<void> {
    this.#end();
    for (const timer of this.#timers) systemClock.clearTimeout(timer);
    this.#timers.clear();
    await this.#sdk.close();
    await this.#network.close();
  }

  /** A server that forgot the session says 404, as it should, or 400, as many do: then a ping tells. */
  async #forgotten(status: number | undefined): Promise<boolean> {
    if (this.sessionId === undefined || this.#ended) return false;
    if (status !== 400) return status === 404;
    try {
      await this.#sdk.send({ jsonrpc: "2.0", id: `holdfast-ping-${++this.#pings}`, method: "ping" });
      return false;
    } catch (error) {
      return [400, 404].includes(statusOf(error) ?? 0);
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listen("none");
    this.onclose?.();
  }

  async #fetch(url: string | URL, init?: RequestInit): Promise<Response> {
    const streams =
      init?.method === "GET" && new Headers(init.headers).get("accept")?.includes("text/event-stream");
    const resume = this.#request.getStore();
    try {
      const response = await this.#authorized.fetch(url, init);
      this.#retryAfterMs = retryAfter(response);
      if (!streams) return response;
      if (!resume) return this.#watchInbound(response);
      if (response.ok) resume.failed = 0;
      else this.#resumeFailed(resume);
      return response;
    } catch (error) {
      if (streams && !this.#ended) {
        if (isNetworkFailure(error)) this.onDoubt?.(error);
        if (resume) this.#resumeFailed(resume);
        else this.#listen("lost");
      }
      throw error;
    }
  }

  #watchInbound(response: Response): Response {
    const { status, headers } = response;
    if (!response.ok || !headers.get("content-type")?.startsWith("text/event-stream")) {
      // A 404 may mean a forgotten session, and a call that is on its way finds that out for itself: ask.
      if (status === 404) this.onDoubt?.(new Error("the inbound stream was refused"));
      // Anything but 405 is tried again by the SDK, and shown as deaf meanwhile.
      this.#listen(status === 405 ? "none" : "lost");
      return response;
    }
    const openedAt = systemClock.now();
    this.#listen("open");
    if (!response.body) return response;
    const ended = () => {
      if (this.#ended) return;
      // A stream that is accepted and dropped again must not be reopened at full speed.
      if (systemClock.now() - openedAt >= STABLE_MS) this.#reopenings = 0;
      this.#listen("lost");
      this.onDoubt?.(new Error("the inbound stream ended"));
    };
    const body = watchBody(response.body, ended);
    return new Response(body, { status, headers });
  }

  #resumeFailed(resume: Resume): void {
    if (++resume.failed >= MAX_RESUMES) resume.end?.();
  }

  #schedule(reconnect: () => void, delay: number): () => void {
    const resume = this.#request.getStore();
    if (resume && resume.failed >= MAX_RESUMES) return () => {};
    const wait = Math.max(delay, backoffDelay(++this.#reopenings, Math.random(), DEFAULT_BACKOFF));
    const timer = systemClock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#request.run(resume, reconnect);
    }, wait);
    this.#timers.add(timer);
    return () => systemClock.clearTimeout(timer);
  }

  #listen(listening: Listening): void {
    if (this.listening === listening) return;
    this.listening = listening;
    this.onListening?.(listening);
  }
}
