import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { asError } from "../../base/errors.js";
import { shownUrl } from "../../base/redact.js";
import type { Failure } from "../../machines/failure.js";
import { BaseWire } from "../base-wire.js";
import { Lost, sessionGone } from "../lost.js";
import { parseMessages } from "../messages.js";
import { networkOutcome } from "../network.js";
import type { HttpAnswer } from "./answer.js";
import { HttpClient, type HttpClientOptions } from "./client.js";
import type { StreamEvent } from "./event-stream.js";
import { Events, type EventsHost } from "./events.js";
import { busy, NetworkLost, reasonOf, refused, unexpected } from "./failures.js";
import { unfollowed } from "./redirect.js";
import { HttpRequest } from "./request.js";
import { endpointOf } from "./sse-endpoint.js";

export interface SseWireOptions extends HttpClientOptions {
  /** How large one message may be, after decompression. */
  maxMessageBytes: number;
}

/** Questions that only ask for a sign of life. */
const PINGS = new Set(["ping", "holdfast/alive"]);

/**
 * The legacy HTTP+SSE transport of 2024-11-05. Answers come on one stream, so its end is the wire's: another one would
 * belong to another session.
 */
export class SseWire extends BaseWire implements EventsHost {
  readonly listening = "open";
  readonly #client: HttpClient;
  #stream: HttpRequest | undefined;
  #endpoint: URL | undefined;
  /** Those of each message. */
  #headers: Readonly<Record<string, string>>;
  /** Bytes of the stream. What other sockets bring proves nothing about it. */
  #bytesRead = 0;
  /** The server took a question for a sign of life, and the stream has been silent since. */
  #pingTaken = false;
  /** The server answered once: a 404 means that it forgot the session, and not that the address is wrong. */
  #heard = false;
  /** How long the server wants us to stay away once the stream has ended. */
  #retryMs: number | undefined;
  #started = false;
  #giveUp: (reason: Error) => void = () => {};

  constructor(private readonly options: SseWireOptions) {
    super();
    this.#client = new HttpClient(options, this);
    this.#headers = { ...this.#client.headers, "content-type": "application/json" };
  }

  get maxMessageBytes(): number {
    return this.options.maxMessageBytes;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** A server that takes a ping and never answers it on the stream has lost the stream; one that takes none may be busy. */
  async alive(timeoutMs: number): Promise<boolean> {
    return !this.#pingTaken && this.#client.alive(timeoutMs);
  }

  setProtocolVersion(version: string): void {
    this.#headers = { ...this.#headers, "mcp-protocol-version": version };
  }

  /** Settles when the server has named its endpoint; rejects when the wire is closed first. */
  async start(): Promise<void> {
    const { url } = this.options;
    const headers = { ...this.#client.headers, accept: "text/event-stream", "cache-control": "no-store" };
    const request = new HttpRequest({ method: "GET", url, headers, lane: "streams" });
    this.#stream = request;
    const closed = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    const named = this.#open(request);
    await Promise.race([named, closed]);
  }

  async #open(request: HttpRequest): Promise<void> {
    const answer = await this.#client.send(request);
    if (!answer.ok) throw await this.#refusal(answer, request, "");
    if (answer.mediaType !== "text/event-stream")
      throw unexpected(answer.mediaType, await reasonOf(answer, request, this.#client));
    return new Promise((resolve, reject) => this.#read(answer, resolve, reject));
  }

  #read(answer: HttpAnswer, named: () => void, failed: (error: unknown) => void): void {
    const events = new Events(answer, this, {
      event: (event) => {
        if (event.event !== "endpoint") return this.#take(event, events);
        this.#endpoint = endpointOf(event.data.trim(), this.options.url);
        // Race: the stream ends in the same packet; from here on that is the wire's end, and no failed start.
        this.#started = true;
        named();
      },
      retry: (ms) => {
        this.#retryMs = answer.bounded(ms);
      },
    });
    const over = (error?: unknown) => {
      const why =
        error === undefined || error instanceof NetworkLost
          ? "the server ended the stream"
          : String(asError(error).message);
      const failure: Failure = {
        code: "CONNECTION_LOST",
        message: why,
        ...(this.#retryMs !== undefined && { retryAfterMs: this.#retryMs }),
      };
      if (this.#started) this.finish(failure);
      else failed(error instanceof NetworkLost || error === undefined ? new Error(why) : error);
    };
    events
      .read((bytes) => {
        this.#bytesRead += bytes.length;
        this.#pingTaken = false;
      })
      .then(() => over(), over);
  }

  /** Events of another name are read too: what is no message there only keeps the stream alive. */
  #take({ event, data }: StreamEvent, events: Events): void {
    if (this.ended) return;
    const messages = parseMessages(data);
    if (messages) {
      this.#heard = true;
      for (const message of messages) {
        events.note(message);
        this.onmessage?.(message);
      }
    } else if (event === undefined || event === "message") {
      this.onerror?.(new Error(`the server sent something that is no message: ${data.slice(0, 200)}`));
    }
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const request = this.#post(message);
    try {
      const answer = await this.#client.send(request);
      if (!answer.ok) throw await this.#refusal(answer, request, `POST ${shownUrl(request.target)}: `);
      if (isPing(message)) this.#pingTaken = true;
      await this.#answered(answer);
    } catch (error) {
      if (!this.ended && networkOf(error)) this.onDoubt?.(error);
      throw error;
    }
  }

  #post(message: JSONRPCMessage): HttpRequest {
    if (!this.#endpoint) throw new Error("the server has not named an address for messages yet");
    return new HttpRequest({
      method: "POST",
      url: this.#endpoint,
      headers: this.#headers,
      body: JSON.stringify(message),
      // A ping goes over a socket of its own: one that is black-holed would say nothing of the server.
      lane: isPing(message) ? "probes" : isRequest(message) ? "calls" : "notices",
      id: isRequest(message) ? message.id : undefined,
    });
  }

  /** Some servers answer in the body, and not on the stream. */
  async #answered(answer: HttpAnswer): Promise<void> {
    if (answer.mediaType !== "application/json") return answer.discard();
    const text = await answer.text(this.options.maxMessageBytes, this.allowance.rule);
    for (const message of parseMessages(text) ?? []) this.onmessage?.(message);
  }

  async #refusal(answer: HttpAnswer, request: HttpRequest, where: string): Promise<Error> {
    const lead = unfollowed(answer, request);
    const text = await reasonOf(answer, request, this.#client);
    if (request.method === "POST" && answer.status === 404 && this.#heard)
      return new Lost("rejected", sessionGone, "now");
    const error = refused(answer, text);
    error.message = where + (lead ?? error.message);
    return busy(answer, error) ?? this.#client.unauthorized(answer) ?? error;
  }

  override outcomeOf(error: unknown) {
    return error instanceof Lost ? error.outcome : networkOutcome(error);
  }

  async close(): Promise<void> {
    this.finish();
    this.#giveUp(new Error("the wire was closed"));
    this.#client.leave();
    this.#stream?.abort(new Error("the wire was closed"));
    await this.#client.close();
  }
}

const isRequest = (message: JSONRPCMessage) => "method" in message && "id" in message;
const isPing = (message: JSONRPCMessage) =>
  isRequest(message) && "method" in message && PINGS.has(message.method);
const networkOf = (error: unknown) => error instanceof NetworkLost || networkOutcome(error) !== undefined;
