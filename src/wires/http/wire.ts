import type {
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import type { Outcome } from "../../base/errors.js";
import { asError } from "../../base/errors.js";
import type { Authorization, Refusal } from "../../contract/credential.js";
import type { Listening, UnreadableAnswer, Wire } from "../../contract/wire.js";
import { systemClock } from "../../machines/clock.js";
import type { Failure } from "../../machines/failure.js";
import { BaseWire } from "../base-wire.js";
import { carriedBy } from "../call-tag.js";
import { Lost, sessionGone } from "../lost.js";
import { HttpClient, type HttpClientOptions } from "./client.js";
import { causeOf, NetworkLost } from "./failures.js";
import { ForgottenSession, type ForgottenSessionHost } from "./forgotten-session.js";
import { Inbound, type InboundHost } from "./inbound.js";
import type { Carrier } from "./link.js";
import { isInitialized, Notices } from "./notices.js";
import { Post, type PostHost } from "./post.js";
import { HttpRequest } from "./request.js";
import { HttpSession } from "./session.js";
import { SocketWatch, type SocketWatchHost } from "./socket-watch.js";

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
export class HttpWire
  extends BaseWire
  implements PostHost, InboundHost, ForgottenSessionHost, SocketWatchHost
{
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
  /** Requests without an answer. */
  readonly #posts = new Map<RequestId, Post>();
  readonly #notices = new Notices(this);
  readonly #loss = new ForgottenSession(this);
  readonly #watch = new SocketWatch(this);
  #inbound: Inbound | undefined;
  #goodbye: HttpRequest | undefined;

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
      if ("method" in message && "id" in message) await this.#ask(message, options);
      else await this.#notices.send(message);
    } catch (error) {
      if (!this.ended && !options?.requestSignal?.aborted) this.#failed(asError(error));
      throw error;
    }
    if (isInitialized(message)) this.#openInbound();
  }

  cancel(id: RequestId): void {
    this.#posts.get(id)?.abort(new Error("the request was given up"));
  }

  isWaiting(id: RequestId): boolean {
    return this.#posts.get(id)?.isWaiting ?? false;
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
    const headers = this.session.deleted();
    const request = new HttpRequest({ method: "DELETE", url: this.url, headers, lane: "notices" });
    this.#goodbye = request;
    const late = () => request.abort(new Error("DELETE was not answered in time"));
    const timer = systemClock.setTimeout(late, this.options.closeTimeoutMs * DELETE_SHARE);
    try {
      (await this.client.send(request)).discard();
      this.session.forget();
    } catch {
      // It is going either way.
    } finally {
      systemClock.clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#end();
    await this.client.close();
  }

  // What its requests and its inbound stream ask of it.

  get pending(): Iterable<Post> {
    return this.#posts.values();
  }

  onStuck(posts: Post[]): void {
    this.client.renew();
    for (const { id } of posts) this.onSilentSocket?.(id);
  }

  get inFlight(): number {
    return this.#posts.size;
  }

  deliver(message: JSONRPCMessage, carrier?: Carrier): void {
    if (!("method" in message) && message.id !== undefined) this.#posts.get(message.id)?.answeredElsewhere();
    this.onmessage?.(message, carrier && carriedBy(carrier));
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
    for (const post of this.#posts.values()) post.streamGone();
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

  #ask(message: JSONRPCRequest, options: TransportSendOptions | undefined): Promise<void> {
    const post = new Post(this, message, options, (answered) => {
      this.#posts.delete(message.id);
      if (!answered && !this.ended) options?.onRequestStreamEnd?.();
      this.#loss.settled();
    });
    this.#posts.set(message.id, post);
    this.#watch.sent();
    const signal = options?.requestSignal;
    signal?.addEventListener("abort", () => post.abort(signal.reason), { once: true });
    return post.send();
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
    this.#watch.stop();
    this.#inbound?.stop();
    this.listen("none");
    this.finish(failure);
    const reason = new Error("the wire is closed");
    for (const post of [...this.#posts.values()]) post.abort(reason);
    this.#notices.abort(reason);
    this.#goodbye?.abort(reason);
  }
}
