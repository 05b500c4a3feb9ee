import type {
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import { asError } from "../../base/errors.js";
import { SERVER_ERROR, STANDING } from "../../contract/protocol.js";
import { type Carried, callIn, carriedBy } from "../call-tag.js";
import { Lost } from "../lost.js";
import type { HttpAnswer } from "./answer.js";
import { type Answered, AnswerStream } from "./answer-stream.js";
import { unexpected } from "./failures.js";
import { type HttpLink, takeText } from "./link.js";
import { readRefusal } from "./refusals.js";
import { HttpRequest, type Lane } from "./request.js";

/** What one request needs of its wire besides. */
export interface PostHost extends HttpLink {
  readonly maxSilenceMs: number;
  /** Whether a stream that belongs to no request could bring an answer. */
  streamMayAnswer(): boolean;
  /** Asks whether the server no longer knows the session. */
  forgets(id: string): Promise<boolean>;
  /** What a request is told that was refused because of that. */
  forgotten(id: string): Lost;
}

/** One request of the Client's over HTTP, up to its answer. All that is known of it is here, and ends with it. */
export class Post implements Answered {
  /** Its socket was looked at once, and not found dead; it may take its time. */
  examined = false;
  #heard = false;
  readonly #request: HttpRequest;
  readonly carried: Carried;
  #stream: AnswerStream | undefined;
  /** It was taken, and its answer comes on another stream, if at all. */
  #elsewhere: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(
    private readonly host: PostHost,
    private readonly message: JSONRPCRequest,
    options: TransportSendOptions | undefined,
    private readonly done: (answered: boolean) => void,
  ) {
    this.carried = carriedBy(callIn(options) ?? "own");
    this.#request = new HttpRequest({
      method: "POST",
      url: host.url,
      headers: host.session.posted(message, options?.headers),
      body: JSON.stringify(message),
      lane: laneOf(message),
      id: message.id,
    });
  }

  isAnswer(message: JSONRPCMessage): boolean {
    return !("method" in message) && String(message.id) === String(this.message.id);
  }

  /** Settles when it was answered, or its answer's stream begins. Rejects where there will be no answer. */
  async send(): Promise<void> {
    try {
      const answer = await this.host.client.send(this.#request);
      this.#heard = true;
      this.host.session.adopt(answer, this.message);
      if (!answer.ok) await this.#refused(answer);
      else if (answer.mediaType === "text/event-stream") return void this.#follow(answer);
      else if (!(await this.#read(answer))) await this.#accepted(answer.status);
      this.done(true);
    } catch (error) {
      this.done(true);
      throw error;
    }
  }

  /** Nobody waits for it any more. */
  abort(reason: Error): void {
    this.#request.abort(reason);
    this.#stream?.abort(reason);
    this.#elsewhere?.reject(reason);
  }

  /** Nothing of it has been written yet. */
  get isWaiting(): boolean {
    return !this.#request.written;
  }

  get id(): RequestId {
    return this.message.id;
  }

  /** It was written before then, on a socket kept from earlier requests, and nothing came back. */
  isQuietSince(before: number): boolean {
    const { written, reused, writtenAt } = this.#request;
    return written && reused && !this.#heard && writtenAt <= before;
  }

  /** The answer came on another stream. */
  answeredElsewhere(): void {
    this.#elsewhere?.resolve();
  }

  /** No other stream can bring the answer any more. */
  streamGone(): void {
    this.#elsewhere?.reject(unanswered(202));
  }

  /** Of the stream that answers it. */
  get maxSilenceMs(): number {
    return this.message.method === STANDING ? this.host.maxSilenceMs : Number.POSITIVE_INFINITY;
  }

  async #follow(answer: HttpAnswer): Promise<void> {
    this.#stream = new AnswerStream(this.host, this.#request, this);
    try {
      this.done(await this.#stream.read(answer));
    } catch (error) {
      this.#deliverError(asError(error));
      this.done(true);
    }
  }

  /** Whether the body holds the answer. */
  async #read(answer: HttpAnswer): Promise<boolean> {
    const { host } = this;
    if (answer.status === 202 || answer.status === 204) {
      answer.discard();
      return false;
    }
    const text = await answer.text(host.maxMessageBytes, host.allowance.rule);
    if (text.trim() === "") return false;
    const { id } = this.message;
    let answered = false;
    const deliver = (message: JSONRPCMessage) => {
      const named = this.#named(message);
      answered ||= this.isAnswer(named);
      host.deliver(named, this.carried);
    };
    const isJson = answer.mediaType === undefined || answer.mediaType.includes("json");
    const taken = takeText(text, host, this.#request, { deliver, id: isJson ? id : undefined, quiet: true });
    if (taken === "nothing") throw unexpected(answer.mediaType, text);
    return answered || taken === "unreadable";
  }

  /** An error that names no request is about the one that it answers. */
  #named(message: JSONRPCMessage): JSONRPCMessage {
    const nameless = "error" in message && !("method" in message) && (message.id ?? null) === null;
    return nameless ? { ...message, id: this.message.id } : message;
  }

  async #accepted(status: number): Promise<void> {
    if (!this.host.streamMayAnswer()) throw unanswered(status);
    await new Promise<void>((resolve, reject) => {
      this.#elsewhere = { resolve, reject };
    });
  }

  async #refused(answer: HttpAnswer): Promise<void> {
    const { host } = this;
    const session = this.#request.headers["mcp-session-id"];
    const refusal = await readRefusal(answer, this.#request, host.client);
    if (session !== undefined && !refusal.read && (await this.#isForgotten(answer.status, session)))
      throw host.forgotten(session);
    if (!refusal.answer) throw refusal.error;
    host.deliver(refusal.answer);
  }

  /** A server that forgot the session says 404, as it should, or 400, as many do: then a ping tells. */
  async #isForgotten(status: number, session: string): Promise<boolean> {
    return status === 404 || (status === 400 && this.host.forgets(session));
  }

  /** Told as an answer, because `send` has settled. */
  #deliverError(error: Error): void {
    const { id } = this.message;
    this.host.deliver({
      jsonrpc: "2.0",
      id,
      error: { code: SERVER_ERROR, message: error.message, data: error },
    });
  }
}

function laneOf({ method }: JSONRPCRequest): Lane {
  if (method === STANDING) return "streams";
  return method === "ping" || method === "server/discover" || method === "holdfast/alive"
    ? "probes"
    : "calls";
}

const unanswered = (status: number) =>
  new Lost("unknown", {
    code: "CONNECTION_LOST",
    message: `the server took it (HTTP ${status}), gave no answer, and has no stream to give one on`,
  });
