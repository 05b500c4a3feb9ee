import type { Dispatcher } from "undici";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import type { HttpRequest, Sender } from "./request.js";
import type { Sockets } from "./sockets.js";

/** What carries no call is answered at once, or by nobody: its socket is not held any longer. */
const NOTICE_TIMEOUT_MS = 30_000;

/** Sends requests over sockets of our own, with nothing between them and undici's parser. */
export class Dispatched implements Sender<HttpAnswer> {
  constructor(private readonly sockets: Sockets) {}

  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, resolve, reject);
      request.begin((reason) => exchange.abort(reason));
      const { method, target, headers, body, lane } = request;
      const bounded = lane === "notices" || lane === "pongs";
      this.sockets.lane(lane).dispatch(
        {
          method,
          origin: target.origin,
          path: `${target.pathname}${target.search}`,
          headers,
          ...(body !== undefined && { body }),
          // A socket of its own, before and after.
          ...(lane === "probes" && { reset: true }),
          ...(bounded && { headersTimeout: NOTICE_TIMEOUT_MS }),
        },
        exchange,
      );
    });
  }
}

class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #answer: HttpAnswer | undefined;
  #aborted: Error | undefined;

  constructor(
    private readonly request: HttpRequest,
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {}

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
    else this.request.written = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#aborted) return;
    this.#answer = new HttpAnswer(status, headers, (reason) => this.abort(reason));
    this.resolve(this.#answer);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#aborted) this.#answer?.push(chunk);
  }

  onResponseEnd(): void {
    this.#answer?.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(this.#aborted ?? new NetworkLost(this.request.written ? "unknown" : "not-sent", error));
  }

  #fail(error: Error): void {
    if (this.#answer) this.#answer.finish(error);
    else this.reject(error);
  }
}
