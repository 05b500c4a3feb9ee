import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { backoffDelay, DEFAULT_BACKOFF } from "../../machines/backoff.js";
import { systemClock } from "../../machines/clock.js";
import type { Carried } from "../call-tag.js";
import type { HttpAnswer } from "./answer.js";
import type { EventStreamHandlers, StreamEvent } from "./event-stream.js";
import { Events } from "./events.js";
import { NetworkLost } from "./failures.js";
import { type HttpLink, takeEvent } from "./link.js";
import { HttpRequest } from "./request.js";
import { Silence } from "./silence.js";
import { Wait } from "./wait.js";

/** A stream that cannot be resumed so often in a row is given up: its request is lost. */
const MAX_REFUSALS = 3;
/** So long a stream may stay open behind the answer that it was for. */
const LINGER_MS = 1_000;
/** A server that wants to be asked without a pause is not. */
const MIN_WAIT_MS = 10;

/** The request that the stream answers. */
export interface Answered {
  /** Whether this message is what the stream is for. */
  isAnswer(message: JSONRPCMessage): boolean;
  /** Whose request it is. */
  readonly carried: Carried;
  /** The stream is replaced when it is silent for so long; `Infinity`: it may be silent. */
  readonly maxSilenceMs: number;
}

/**
 * The stream on which one request is answered. Where it breaks off behind an event with an id, the rest is asked for.
 * What it said of itself (event id, `retry`) concerns this one request only.
 */
export class AnswerStream implements EventStreamHandlers {
  answered = false;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  /** Requests for the rest that were refused, in a row. */
  #refusals = 0;
  /** Streams in a row that brought nothing. */
  #empty = 0;
  #request: HttpRequest;
  #aborted = false;
  #answer: HttpAnswer | undefined;
  #events: Events | undefined;
  /** Ends what stays open behind the answer. */
  #linger: unknown;
  readonly #wait = new Wait();

  constructor(
    private readonly link: HttpLink,
    request: HttpRequest,
    private readonly asked: Answered,
  ) {
    this.#request = request;
  }

  /** Reads to the end of it, and of what it is resumed by. Settles with whether the answer came; rejects with what was wrong. */
  async read(first: HttpAnswer): Promise<boolean> {
    let answer: HttpAnswer | undefined = first;
    for (;;) {
      if (answer) await this.#readOne(answer);
      if (this.answered || this.#aborted) return true;
      if (this.#lastEventId === undefined || this.#refusals >= MAX_REFUSALS) return false;
      await this.#wait.for(this.#waitMs());
      if (this.#aborted) return true;
      answer = await this.#resume();
    }
  }

  abort(reason: Error): void {
    this.#aborted = true;
    this.#request.abort(reason);
    this.#wait.end();
  }

  // What its events say.

  retry(ms: number): void {
    this.#retryMs = this.#answer?.bounded(ms);
  }

  event(event: StreamEvent): void {
    if (event.id && !event.unfinished) this.#lastEventId = event.id;
    this.#empty = 0;
    takeEvent(event, this.link, this.#request, (message) => this.#take(message));
  }

  #take(message: JSONRPCMessage): void {
    this.#events?.note(message);
    if (this.asked.isAnswer(message) && !this.answered) {
      this.answered = true;
      this.#linger = systemClock.setTimeout(() => this.#request.abort(new Error("answered")), LINGER_MS);
    }
    this.link.deliver(message, this.asked.carried);
  }

  async #readOne(answer: HttpAnswer): Promise<void> {
    this.#empty++;
    const silence = new Silence(this.asked.maxSilenceMs, () =>
      this.#request.abort(new NetworkLost("unknown", new Error("the stream is silent"))),
    );
    this.#answer = answer;
    this.#events = new Events(answer, this.link, this);
    try {
      await this.#events.read((_bytes, commented) => silence.heard(commented));
    } catch (error) {
      // The rest is asked for, or its request is told that there is none.
      if (!(error instanceof NetworkLost) && !this.answered && !this.#aborted) throw error;
    } finally {
      silence.stop();
      systemClock.clearTimeout(this.#linger);
    }
  }

  /** The server's word counts, and ours where its streams bring nothing. */
  #waitMs(): number {
    const idle = this.#refusals + this.#empty;
    const backoff = backoffDelay(idle, Math.random(), DEFAULT_BACKOFF);
    return Math.max(this.#retryMs ?? DEFAULT_BACKOFF.baseMs, idle > 1 ? backoff : 0, MIN_WAIT_MS);
  }

  async #resume(): Promise<HttpAnswer | undefined> {
    const { link } = this;
    this.#request = new HttpRequest({
      method: "GET",
      url: link.url,
      headers: link.session.streamed(this.#lastEventId),
      lane: "calls",
    });
    try {
      const answer = await link.client.send(this.#request);
      if (answer.ok && answer.mediaType === "text/event-stream") {
        this.#refusals = 0;
        return answer;
      }
      answer.discard();
      // There is no such thing as the rest.
      this.#refusals = answer.status === 405 ? MAX_REFUSALS : this.#refusals + 1;
    } catch (error) {
      if (this.#aborted) return undefined;
      this.#refusals++;
      if (error instanceof NetworkLost) link.doubt(error);
    }
    return undefined;
  }
}
