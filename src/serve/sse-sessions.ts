import { randomUUID } from "node:crypto";
import { parseJSONRPCMessage } from "@modelcontextprotocol/server";
import { whenAborted } from "../base/abort.js";
import type { ServerDoor } from "../contract/door.js";
import type { Clock } from "../machines/clock.js";
import { ended, problem } from "./access.js";
import { Draining } from "./draining.js";
import { FollowedClient } from "./followed-client.js";
import type { FollowedClients } from "./followed-clients.js";
import type { HttpSettings } from "./http-options.js";
import { SseStream } from "./sse-stream.js";

interface SseSession {
  stream: SseStream;
  client: Draining;
}

/** Clients of the transport before Streamable HTTP: a stream for what they hear, and a request for each message of theirs. */
export class SseSessions {
  readonly #sessions = new Map<string, SseSession>();
  #closed = false;

  constructor(
    private readonly served: { door: ServerDoor; followed: FollowedClients },
    private readonly settings: Pick<HttpSettings, "maxSessions">,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.#sessions.size;
  }

  async fetch(request: Request, body: unknown): Promise<Response> {
    if (request.method === "GET") return this.#begin(request);
    const method = { allow: "GET, POST" };
    if (request.method !== "POST") return problem(405, "holdfast serve: expected GET or POST", method);
    const id = new URL(request.url).searchParams.get("sessionId");
    const session = this.#sessions.get(id ?? "");
    if (!session)
      return problem(404, "holdfast serve: there is no such session (any more); open the stream anew");
    try {
      session.stream.onmessage?.(parseJSONRPCMessage(body));
    } catch {
      return problem(400, "holdfast serve: expected a JSON-RPC message");
    }
    return new Response("Accepted", { status: 202 });
  }

  /** Settles when every request that runs was answered. */
  async drain(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.drain()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.close()));
    await this.served.door.close();
  }

  async #begin(request: Request): Promise<Response> {
    const { maxSessions } = this.settings;
    if (this.#closed) return ended();
    if (this.size >= maxSessions)
      return problem(503, `holdfast serve: ${maxSessions} sessions are open already`, {
        "retry-after": "60",
      });
    const id = randomUUID();
    const stream = new SseStream(`${new URL(request.url).pathname}?sessionId=${id}`, this.clock);
    const client = new Draining(stream, new FollowedClient(this.served.followed, () => id));
    this.#sessions.set(id, { stream, client });
    void client.closed.then(() => this.#sessions.delete(id));
    try {
      await this.served.door.connect(client);
    } catch (error) {
      await client.close();
      throw error;
    }
    // Race: the client may have left meanwhile, and serve may have ended.
    const stop = whenAborted(request.signal, () => void client.close());
    void client.closed.then(stop);
    if (this.#closed) {
      await client.close();
      return ended();
    }
    const headers = { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" };
    return new Response(stream.body, { headers });
  }
}
