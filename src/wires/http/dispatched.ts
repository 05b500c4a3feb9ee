import type { Dispatcher } from "undici";
import { systemClock } from "../../machines/clock.js";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import { type Guest, Limit } from "./limit.js";
import type { SocketListener } from "./pooled-client.js";
import type { HttpRequest, Lane, Sender } from "./request.js";
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
      const exchange = new Exchange(request, this.sockets, this.#limits[request.lane], resolve, reject);
      request.begin((reason) => exchange.abort(reason));
      exchange.begin();
    });
  }
}

/** One sending of one request. */
class Exchange implements Dispatcher.DispatchHandler, Guest {
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
    const { method, target, headers, body, lane } = this.request;
    if (lane === "probes") this.#probe = this.sockets.takeProbe();
    const options: Dispatcher.DispatchOptions & SocketListener = {
      method,
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      headers,
      onSocket: this.onSocket,
      ...(body !== undefined && { body }),
      ...(lane === "probes" && { reset: true }),
      ...((lane === "notices" || lane === "pongs") && { headersTimeout: NOTICE_TIMEOUT_MS }),
    };
    (this.#probe ?? this.sockets.agent).dispatch(options, this);
  }

  /** Others may have its place, and its socket if that was its own. */
  #leave(): void {
    this.limit?.leave(this);
    if (this.#probe) this.sockets.freeProbe(this.#probe);
    this.#probe = undefined;
  }

  readonly onSocket = (reused: boolean) => {
    this.request.reused = reused;
  };

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
    flow: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#aborted) return;
    this.#answer = new HttpAnswer(status, headers, (reason) => this.abort(reason), { flow });
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
