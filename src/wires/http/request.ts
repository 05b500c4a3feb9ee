import type { RequestId } from "@modelcontextprotocol/client";
import type { Source } from "../allowance.js";

/**
 * What a request waits with, so that one kind never waits for another: calls; what answers or cancels something;
 * answers to pings; streams that stay open; and probes, each over a socket of its own.
 */
export type Lane = "calls" | "notices" | "pongs" | "streams" | "probes";

export interface HttpRequestOptions {
  method: "GET" | "POST" | "DELETE";
  url: URL;
  /** Their names in lower case. */
  headers: Record<string, string>;
  body?: string;
  lane: Lane;
  /** Of the JSON-RPC request in the body. */
  id?: RequestId | undefined;
}

/** One sending of a request, and what its answer is read from. */
export interface Exchange extends Source {
  /** Ends it at once. */
  abort(reason: Error): void;
}

/** One request over HTTP: what is sent, and what is known of it. It can be given up at any moment. */
export class HttpRequest {
  readonly method: HttpRequestOptions["method"];
  readonly url: URL;
  readonly body: string | undefined;
  readonly lane: Lane;
  readonly id: RequestId | undefined;
  /** As they are sent: a token and cookies are added on the way. */
  headers: Record<string, string>;
  /** Where it is sent now: a redirect within the origin moves it. */
  target: URL;
  /** A byte of it may have reached the server. */
  written = false;
  /** When it was written last, by our clock. */
  writtenAt = 0;
  /** Its socket served others before. */
  reused = false;
  /** Why it was given up. */
  aborted: Error | undefined;
  #exchange: Exchange | undefined;

  constructor({ method, url, headers, body, lane, id }: HttpRequestOptions) {
    this.method = method;
    this.url = url;
    this.target = url;
    this.headers = headers;
    this.body = body;
    this.lane = lane;
    this.id = id;
  }

  /** It is being sent. Throws where it was given up already. */
  begin(exchange: Exchange): void {
    if (this.aborted) throw this.aborted;
    this.written = false;
    this.reused = false;
    this.#exchange = exchange;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = reason;
    this.#exchange?.abort(reason);
  }
}

/** What sends a request over HTTP, and gives its answer as soon as the headers are there. */
export interface Sender<Answer> {
  /** Rejects with a `NetworkLost` where there is no answer. */
  send(request: HttpRequest): Promise<Answer>;
}
