import type {
  JSONRPCMessage,
  MessageExtraInfo,
  RequestId,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import { asError, type Outcome } from "../../base/errors.js";
import type { Authorization, Refusal } from "../../contract/credential.js";
import type { Listening, UnreadableAnswer, Wire } from "../../contract/wire.js";
import type { Failure } from "../../machines/failure.js";
import { BaseWire } from "../base-wire.js";
import { Lost, sessionGone } from "../lost.js";
import { HttpClient, type HttpClientOptions } from "./client.js";
import { causeOf, NetworkLost } from "./failures.js";
import { ForgottenSession, type ForgottenSessionHost } from "./forgotten-session.js";
import { Goodbye } from "./goodbye.js";
import { Inbound, type InboundHost } from "./inbound.js";
import { isInitialized, Notices } from "./notices.js";
import { Posts, type PostsHost } from "./posts.js";
import { HttpSession } from "./session.js";

export interface HttpWireOptions extends HttpClientOptions {
  closeTimeoutMs: number;
  /** A larger message is not read to its end. */
  maxMessageBytes: number;
  /** An inbound stream that is silent for so long is replaced. */
  maxSilenceMs: number;
  /** How long the requests on a session that the server forgot have for an answer of their own. */
  forgottenMs: number;
  /** How long a request on a socket that was kept may go without a sign before that is doubted; `Infinity`: however long. */
  quietMs: number;
}

/** A server that does not answer DELETE holds the end up for this part of its deadline. */
const DELETE_SHARE = 0.6;

/**
 * Streamable HTTP over sockets of our own. A failed request is not a lost wire: it is settled by itself, and a failure
 * of the network only raises a doubt. What one request said lives with that request.
 */
export class HttpWire extends BaseWire implements PostsHost, InboundHost, ForgottenSessionHost {
  onMissed?: Wire["onMissed"];
  onSilentSocket?: Wire["onSilentSocket"];
  listening: Listening = "none";
  readonly hasPerRequestStream = true;
  readonly url: URL;
  readonly client: HttpClient;
  readonly session: HttpSession;
  readonly maxMessageBytes: number;
  readonly maxSilenceMs: number;
  readonly forgottenMs: number;
  readonly quietMs: number;
  readonly #posts = new Posts(this);
  readonly #notices = new Notices(this);
  readonly #loss = new ForgottenSession(this);
  readonly #goodbye = new Goodbye(this);
  #inbound: Inbound | undefined;

  constructor(private readonly options: HttpWireOptions) {
    super();
    this.url = options.url;
    this.maxMessageBytes = options.maxMessageBytes;
    this.maxSilenceMs = options.maxSilenceMs;
    this.forgottenMs = options.forgottenMs;
    this.quietMs = options.quietMs;
    this.client = new HttpClient(options, this);
    this.session = new HttpSession(this.client.headers);
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.ended) throw new Lost("not-sent", { code: "CONNECTION_LOST", message: "the wire is closed" });
    if (this.#loss.begun) throw new Lost("not-sent", sessionGone, "soon");
    try {
      if ("method" in message && "id" in message) await this.#posts.send(message, options);
      else await this.#notices.send(message);
    } catch (error) {
      if (!this.ended && !options?.requestSignal?.aborted) this.#failed(asError(error));
      throw error;
    }
    if (isInitialized(message)) this.#openInbound();
  }

  cancel(id: RequestId): void {
    this.#posts.abort(id, new Error("the request was given up"));
  }

  isWaiting(id: RequestId): boolean {
    return this.#posts.isWaiting(id);
  }

  override outcomeOf(error: unknown): Outcome | undefined {
    return error instanceof Lost ? error.outcome : undefined;
  }

  get bytesRead(): number | undefined {
    return this.client.bytesRead;
  }

  alive(timeoutMs: number): Promise<boolean> {
    return this.client.alive(timeoutMs);
  }

  get sessionId(): string | undefined {
    return this.session.id;
  }

  setProtocolVersion(version: string): void {
    this.session.version = version;
  }

  async authorize(refusal: Refusal, authorization: Authorization): Promise<void> {
    await this.options.credential?.obtain(refusal, authorization);
  }

  /** An asked end tells the server with DELETE; a server that knows no such thing is fine. */
  async end(): Promise<void> {
    this.client.leave();
    if (this.ended || this.#loss.begun || this.sessionId === undefined) return;
    await this.#goodbye.send(this.options.closeTimeoutMs * DELETE_SHARE);
  }

  async close(): Promise<void> {
    this.#end();
    await this.client.close();
  }

  // What its requests and its inbound stream ask of it.

  onStuck(ids: RequestId[]): void {
    this.client.renew();
    for (const id of ids) this.onSilentSocket?.(id);
  }

  get inFlight(): number {
    return this.#posts.size;
  }

  onSettled(): void {
    this.#loss.settled();
  }

  deliver(message: JSONRPCMessage, carried?: MessageExtraInfo): void {
    if (!("method" in message) && message.id !== undefined) this.#posts.answeredElsewhere(message.id);
    this.onmessage?.(message, carried);
  }

  deliverUnreadable(answer: UnreadableAnswer): void {
    this.onUnreadable?.(answer);
  }

  report(error: Error): void {
    if (!this.ended) this.onerror?.(error);
  }

  doubt(cause: unknown): void {
    if (!this.ended) this.onDoubt?.(cause);
  }

  listen(listening: Listening): void {
    if (this.listening === listening) return;
    this.listening = listening;
    this.onListening?.(listening);
  }

  missed(): void {
    this.onMissed?.();
  }

  streamMayAnswer(): boolean {
    return this.#inbound !== undefined && !this.#inbound.stopped;
  }

  streamGone(): void {
    this.#posts.streamGone();
  }

  forgets(id: string): Promise<boolean> {
    return this.#loss.ask(id);
  }

  forgotten(id: string): Lost {
    return this.#loss.refusal(id);
  }

  sessionEnds(): void {
    this.#end(sessionGone);
  }

  #failed(error: Error): void {
    const cause = causeOf(error);
    if (error instanceof NetworkLost) this.doubt(cause);
    this.report(asError(cause));
  }

  #openInbound(): void {
    if (this.#inbound || this.ended) return;
    this.#inbound = new Inbound(this);
    void this.#inbound.run();
  }

  #end(failure?: Failure): void {
    if (this.ended) return;
    this.#loss.stop();
    this.#inbound?.stop();
    this.listen("none");
    this.finish(failure);
    const reason = new Error("the wire is closed");
    this.#posts.end(reason);
    this.#notices.abort(reason);
    this.#goodbye.abort(reason);
  }
}
