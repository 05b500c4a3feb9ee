import { asError, isHoldfastError } from "../../base/errors.js";
import type { Listening } from "../../contract/wire.js";
import { backoffDelay, DEFAULT_BACKOFF } from "../../machines/backoff.js";
import { systemClock } from "../../machines/clock.js";
import type { HttpAnswer } from "./answer.js";
import { Events } from "./events.js";
import { causeOf, NetworkLost, reasonOf, refused } from "./failures.js";
import { type HttpLink, takeEvent } from "./link.js";
import { unfollowed } from "./redirect.js";
import { HttpRequest } from "./request.js";
import { Silence } from "./silence.js";
import { Wait } from "./wait.js";

export interface InboundHost extends HttpLink {
  readonly maxSilenceMs: number;
  listen(listening: Listening): void;
  /** Asks whether the server no longer knows the session. */
  forgets(id: string): Promise<boolean>;
  /** It does not. */
  forgotten(id: string): void;
  /** There is no such stream, now or later. */
  streamGone(): void;
  /** What came between two streams may have been missed. */
  missed(): void;
}

/** A stream that held so long is opened again soon. */
const STABLE_MS = 5_000;
/** A message that is too large counts as so many streams that did not hold. */
const TOO_LARGE_COUNTS = 4;
/** What says not now; any other refusal says that there is no such stream. */
const LATER = new Set([408, 409, 425, 429]);

/** The stream on which a server speaks first. It is opened again for as long as its wire lives, unless there is none. */
export class Inbound {
  #request: HttpRequest | undefined;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  /** Streams in a row that did not hold. */
  #failed = 0;
  /** There was one: what opens next follows it. */
  #opened = false;
  #stopped = false;
  readonly #wait = new Wait();

  constructor(private readonly host: InboundHost) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Runs until the wire ends, or until there is no such stream. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const ms = await this.#once();
      if (ms === undefined || this.#stopped) break;
      await this.#wait.for(ms);
    }
    this.#stopped = true;
    this.host.listen("none");
    this.host.streamGone();
  }

  stop(): void {
    this.#stopped = true;
    this.#request?.abort(new Error("the wire is closed"));
    this.#wait.end();
  }

  /** One stream from its request to its end. How long to wait for the next one; undefined: there is none. */
  async #once(): Promise<number | undefined> {
    const { client, session, url, maxSilenceMs } = this.host;
    const headers = session.streamed(this.#lastEventId);
    const request = new HttpRequest({ method: "GET", url, headers, lane: "streams" });
    this.#request = request;
    const silence = new Silence(maxSilenceMs, () => request.abort(new Silent()));
    try {
      const answer = await client.send(request);
      if (answer.ok && answer.mediaType === "text/event-stream")
        return await this.#read(answer, request, silence);
      return await this.#refused(answer, request);
    } catch (error) {
      return this.#unasked(error);
    } finally {
      silence.stop();
    }
  }

  async #read(answer: HttpAnswer, request: HttpRequest, silence: Silence): Promise<number | undefined> {
    const { host } = this;
    const openedAt = systemClock.now();
    const bridged = this.#lastEventId !== undefined;
    const events = new Events(answer, host, {
      retry: (ms) => {
        this.#retryMs = answer.bounded(ms);
      },
      event: (event) => {
        if (event.id && !event.unfinished) this.#lastEventId = event.id;
        takeEvent(event, host, request, (message) => {
          events.note(message);
          host.deliver(message);
        });
      },
    });
    host.listen("open");
    if (this.#opened && !bridged) host.missed();
    this.#opened = true;
    let broken: unknown;
    try {
      await events.read((_bytes, commented) => silence.heard(commented));
    } catch (error) {
      broken = error;
    }
    return this.#ended(broken, systemClock.now() - openedAt >= STABLE_MS);
  }

  #ended(broken: unknown, held: boolean): number | undefined {
    const { host } = this;
    if (this.#stopped) return undefined;
    host.listen("lost");
    // A stream that is taken and dropped again must not be asked for at full speed.
    this.#failed = held ? 1 : this.#failed + 1;
    // Nothing failed that anybody knows of: it is asked for anew.
    if (broken instanceof Silent) this.#failed = 0;
    else if (isHoldfastError(broken, "MESSAGE_TOO_LARGE")) {
      // The next one would bring the same again.
      host.report(broken);
      this.#failed += TOO_LARGE_COUNTS;
    } else host.doubt(new Error("the inbound stream ended"));
    return this.#waitMs();
  }

  async #refused(answer: HttpAnswer, request: HttpRequest): Promise<number | undefined> {
    const { host } = this;
    const { client } = host;
    const { status } = answer;
    const session = request.headers["mcp-session-id"];
    const elsewhere = unfollowed(answer, request);
    if (answer.ok) answer.discard();
    const error = answer.ok ? undefined : refused(answer, await reasonOf(answer, request, client));
    if (session !== undefined && status === 404 && (await host.forgets(session))) {
      host.forgotten(session);
      return undefined;
    }
    if (elsewhere !== undefined) host.report(new Error(elsewhere));
    // 501 says for good what 503 says for now.
    if (!LATER.has(status) && (status < 500 || status === 501)) return undefined;
    if (error) host.report(error);
    host.listen("lost");
    this.#failed++;
    return Math.max(this.#waitMs(), answer.retryAfterMs ?? 0);
  }

  /** It could not be asked for. */
  #unasked(error: unknown): number | undefined {
    const { host } = this;
    if (this.#stopped) return undefined;
    host.listen("lost");
    const cause = causeOf(error);
    if (error instanceof NetworkLost) host.doubt(cause);
    if (!(error instanceof Silent)) host.report(asError(cause));
    this.#failed++;
    return this.#waitMs();
  }

  #waitMs(): number {
    return Math.max(this.#retryMs ?? 0, backoffDelay(this.#failed, Math.random(), DEFAULT_BACKOFF));
  }
}

class Silent extends Error {
  override readonly message = "the inbound stream is silent";
}
