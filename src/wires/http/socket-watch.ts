import type { RequestId } from "@modelcontextprotocol/client";
import { systemClock } from "../../machines/clock.js";
import type { HttpLink } from "./link.js";
import type { Post } from "./post.js";
import { probe } from "./probe.js";
import type { HttpRequest } from "./request.js";

export interface SocketWatchHost extends HttpLink {
  /** How long a request may go without a sign before its socket is doubted. */
  readonly quietMs: number;
  /** These got no sign on sockets that were kept from earlier, while the server answers on a new one. */
  onStuck(ids: RequestId[]): void;
}

/**
 * Watches the requests that went over sockets kept from earlier ones. A middlebox may have forgotten such a socket, and
 * then nobody says so; a fresh connection proves nothing about it, but that the server answers there and not here.
 */
export class SocketWatch {
  #timer: unknown;
  #probe: HttpRequest | undefined;
  #stopped = false;

  constructor(
    private readonly host: SocketWatchHost,
    /** The requests that have no answer yet. */
    private readonly pending: () => Iterable<Post>,
  ) {}

  /** A request was sent. */
  sent(): void {
    const { quietMs } = this.host;
    if (this.#timer !== undefined || this.#stopped || !Number.isFinite(quietMs)) return;
    this.#timer = systemClock.setTimeout(() => void this.#look(), quietMs / 2);
  }

  stop(): void {
    this.#stopped = true;
    systemClock.clearTimeout(this.#timer);
    // Its own timer ends with it.
    this.#probe?.abort(new Error("the wire is closed"));
  }

  async #look(): Promise<void> {
    const { host } = this;
    const quiet = this.#quiet();
    if (quiet.length > 0) {
      let timer: unknown;
      const status = await probe(host, host.session.id, (request) => {
        this.#probe = request;
        // No answer within that time either says nothing of the sockets.
        timer = systemClock.setTimeout(() => request.abort(new Error("no sign of life")), host.quietMs);
      });
      systemClock.clearTimeout(timer);
      const stuck = this.#quiet().filter((post) => quiet.includes(post));
      if (status !== undefined && stuck.length > 0 && !this.#stopped) {
        for (const post of stuck) post.examined = true;
        host.onStuck(stuck.map(({ id }) => id));
      }
    }
    this.#timer = undefined;
    if ([...this.pending()].length > 0) this.sent();
  }

  #quiet(): Post[] {
    const before = systemClock.now() - this.host.quietMs;
    return [...this.pending()].filter((post) => !post.examined && post.isQuietSince(before));
  }
}
