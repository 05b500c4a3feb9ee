import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import type { Lost } from "../lost.js";
import type { HttpLink } from "./link.js";
import { readRefusal } from "./refusals.js";
import { HttpRequest, type Lane } from "./request.js";

export interface NoticesHost extends HttpLink {
  /** What is told of a message that was refused because the server forgot the session. */
  forgotten(id: string): Lost;
}

/** So many pongs wait for a socket; a server that asks faster than it hears gets no more. */
const MAX_PONGS = 100;

/** What wants no answer: notifications, and answers to the server. */
export class Notices {
  readonly #open = new Set<HttpRequest>();
  #pongs = 0;

  constructor(private readonly host: NoticesHost) {}

  async send(message: JSONRPCMessage): Promise<void> {
    const lane = laneOf(message);
    if (lane !== "pongs") return this.#post(message, lane);
    if (this.#pongs >= MAX_PONGS) return;
    this.#pongs++;
    try {
      await this.#post(message, lane);
    } finally {
      this.#pongs--;
    }
  }

  abort(reason: Error): void {
    for (const request of this.#open) request.abort(reason);
  }

  async #post(message: JSONRPCMessage, lane: Lane): Promise<void> {
    const { host } = this;
    const headers = host.session.posted(message, undefined);
    const body = JSON.stringify(message);
    const request = new HttpRequest({ method: "POST", url: host.url, headers, body, lane });
    this.#open.add(request);
    try {
      const answer = await host.client.send(request);
      host.session.adopt(answer, message);
      if (answer.ok) return answer.discard();
      const session = headers["mcp-session-id"];
      const { error } = await readRefusal(answer, request, host.client);
      if (session !== undefined && answer.status === 404) throw host.forgotten(session);
      // Many servers know no such notification, and work.
      if (!isInitialized(message) || !isTolerable(answer.status)) throw error;
    } finally {
      this.#open.delete(request);
    }
  }
}

export const isInitialized = (message: JSONRPCMessage): boolean =>
  "method" in message && message.method === "notifications/initialized";

const isTolerable = (status: number) =>
  status >= 400 && status < 500 && ![401, 403, 404, 408, 429].includes(status);

/** An answer that says nothing is one to a ping. */
function laneOf(message: JSONRPCMessage): Lane {
  return "result" in message && Object.keys(message.result ?? {}).length === 0 ? "pongs" : "notices";
}
