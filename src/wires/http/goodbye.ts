import { systemClock } from "../../machines/clock.js";
import type { HttpLink } from "./link.js";
import { HttpRequest } from "./request.js";

/** Tells the server, with DELETE, that its session is over. A server that knows no such request is fine. */
export class Goodbye {
  #request: HttpRequest | undefined;

  constructor(private readonly link: HttpLink) {}

  /** Settles once the server has answered, or after `timeoutMs`; never rejects. */
  async send(timeoutMs: number): Promise<void> {
    const { url, client, session } = this.link;
    const request = new HttpRequest({ method: "DELETE", url, headers: session.deleted(), lane: "notices" });
    this.#request = request;
    const late = () => request.abort(new Error("DELETE was not answered in time"));
    const timer = systemClock.setTimeout(late, timeoutMs);
    try {
      (await client.send(request)).discard();
      session.forget();
    } catch {
      // It is going either way.
    } finally {
      systemClock.clearTimeout(timer);
    }
  }

  abort(reason: Error): void {
    this.#request?.abort(reason);
  }
}
