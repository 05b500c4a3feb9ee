import type { Dispatcher } from "undici";
import { systemClock } from "../../machines/clock.js";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import { type Guest, Limit } from "./limit.js";
import type { SocketUser } from "./pooled-client.js";
import type { Exchange, HttpRequest, Lane, Sender } from "./request.js";
import type { Sockets } from "./sockets.js";

/** What carries no call is answered at once, or by nobody: its socket is not held any longer. */
const NOTICE_TIMEOUT_MS = 30_000;
const NOTICES = 8;
const PONGS = 2;

/** Sends requests over sockets of our own, with nothing between them and undici's parser. */
export class Dispatched implements Sender<HttpAnswer> {
  /** How many requests of a lane are on their way at once; what opens a stream or probes is not held up. */
  readonly #limits: Partial<Record<Lane, Limit>>;

  constructor(
    private readonly sockets: Sockets,
    maxSockets: number,
  ) {
    this.#limits = { calls: new Limit(maxSockets), notices: new Limit(NOTICES), pongs: new Limit(PONGS) };
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Dispatch(request, this.sockets, this.#limits[request.lane], resolve, reject);
      request.begin(exchange);
      exchange.begin();
    });
  }
}

/** One sending of one request. */
class Dispatch implements Dispatcher.DispatchHandler, Exchange, Guest {
  #controller: Dispatcher.DispatchController | undefined;
  #answer: HttpAnswer | undefined;
  #aborted: Error | undefined;
  #probe: Dispatcher | undefined;

  constructor(
    private readonly request: HttpRequest,
    private readonly sockets: Sockets,
    private readonly limit: Limit | undefined,
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  begin(): void {
    if (this.limit) this.limit.come(this);
    else this.enter();
  }

  enter(): void {
    const { request } = this;
    if (request.lane === "probes") this.#probe = this.sockets.takeProbe();
    (this.#probe ?? this.sockets.agent).dispatch(new DispatchOptions(request), this);
  }

  /** Others may have its place, and its socket if that was its own. */
  #leave(): void {
    this.limit?.leave(this);
    if (this.#probe) this.sockets.freeProbe(this.#probe);
    this.#probe = undefined;
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Ends it at once, also where it still waits for a socket. */
  abort(reason: Error): void {
    if (this.#aborted) return;
    this.#aborted = reason;
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Race: it was given up while it waited for a socket.
    if (this.#aborted) controller.abort(this.#aborted);
    else {
      this.request.written = true;
      this.request.writtenAt = systemClock.now();
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#aborted) return;
    this.#answer = new HttpAnswer(status, headers, this);
    this.resolve(this.#answer);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#aborted) this.#answer?.push(chunk);
  }

  onResponseEnd(): void {
    this.#leave();
    this.#answer?.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(this.#aborted ?? new NetworkLost(this.request.written ? "unknown" : "not-sent", error));
  }

  #fail(error: Error): void {
    this.#leave();
    if (this.#answer) this.#answer.finish(error);
    else this.reject(error);
  }
}

/**
 * What undici is told of one request. A class and no literal: V8 puts the literals of a place that many outlived straight into the
 * old space, and there, dead, they keep all of their request in memory through every quick collection.
 */
class DispatchOptions implements Dispatcher.DispatchOptions, SocketUser {
  readonly method: HttpRequest["method"];
  readonly origin: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  /** Undefined: undici's own word on whether the socket is kept stands. */
  readonly reset?: boolean;
  readonly headersTimeout: number | null;

  constructor(readonly user: HttpRequest) {
    const { method, target, headers, body, lane } = user;
    this.method = method;
    this.origin = target.origin;
    this.path = `${target.pathname}${target.search}`;
    this.headers = headers;
    this.body = body ?? null;
    if (lane === "probes") this.reset = true;
    this.headersTimeout = lane === "notices" || lane === "pongs" ? NOTICE_TIMEOUT_MS : null;
  }
}
