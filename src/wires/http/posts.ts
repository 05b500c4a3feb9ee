import type { JSONRPCRequest, RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import { Post, type PostHost } from "./post.js";
import { SocketWatch, type SocketWatchHost } from "./socket-watch.js";

export interface PostsHost extends PostHost, SocketWatchHost {
  /** A request was answered, or there will be no answer. */
  onSettled(): void;
}

/** The requests of one wire that have no answer yet, and the watch over their sockets. */
export class Posts {
  readonly #open = new Map<RequestId, Post>();
  readonly #watch: SocketWatch;
  #ended = false;

  constructor(private readonly host: PostsHost) {
    this.#watch = new SocketWatch(host, () => this.#open.values());
  }

  get size(): number {
    return this.#open.size;
  }

  /** Settles when the request was answered, or its answer's stream begins. Rejects where there will be no answer. */
  send(message: JSONRPCRequest, options: TransportSendOptions | undefined): Promise<void> {
    const post = new Post(this.host, message, options, (answered) => {
      this.#open.delete(message.id);
      if (!answered && !this.#ended) options?.onRequestStreamEnd?.();
      this.host.onSettled();
    });
    this.#open.set(message.id, post);
    this.#watch.sent();
    const signal = options?.requestSignal;
    signal?.addEventListener("abort", () => post.abort(signal.reason), { once: true });
    return post.send();
  }

  abort(id: RequestId, reason: Error): void {
    this.#open.get(id)?.abort(reason);
  }

  /** Nothing of the request has been written yet. */
  isWaiting(id: RequestId): boolean {
    return this.#open.get(id)?.isWaiting ?? false;
  }

  /** The answer to `id` came on a stream that is not the request's own. */
  answeredElsewhere(id: RequestId): void {
    this.#open.get(id)?.answeredElsewhere();
  }

  /** No stream that belongs to no request can bring an answer any more. */
  streamGone(): void {
    for (const post of this.#open.values()) post.streamGone();
  }

  /** Ends them all. */
  end(reason: Error): void {
    this.#ended = true;
    this.#watch.stop();
    for (const post of [...this.#open.values()]) post.abort(reason);
  }
}
