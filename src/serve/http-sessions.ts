import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import type { ServerDoor } from "../contract/door.js";
import type { Clock } from "../machines/clock.js";
import { problem } from "./access.js";
import { Draining } from "./draining.js";
import type { HttpSettings } from "./http-options.js";

interface HttpSession {
  wire: WebStandardStreamableHTTPServerTransport;
  client: Draining;
  /** Exchanges that are open, streams too. */
  open: number;
  lastUsed: number;
}

/** The sessions of legacy clients at one endpoint: each is a transport of the SDK's, and a client of `server`. */
export class HttpSessions {
  readonly #sessions = new Map<string, HttpSession>();
  #opening = 0;
  #reaper: unknown;

  constructor(
    private readonly server: ServerDoor,
    private readonly settings: Pick<HttpSettings, "idleMs" | "maxSessions" | "maxBodyBytes">,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.#sessions.size;
  }

  async fetch(request: Request, parsedBody: unknown): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return this.#begin(request, parsedBody);
    const session = this.#sessions.get(id);
    if (!session) return problem(404, "holdfast serve: there is no such session (any more); initialize anew");
    return session.wire.handleRequest(request, { parsedBody });
  }

  /** An exchange of that session is open until the returned function is called: it does not count as idle. */
  hold(id: string): () => void {
    const session = this.#sessions.get(id);
    if (!session) return () => {};
    session.open++;
    return () => {
      session.open--;
      session.lastUsed = this.clock.now();
    };
  }

  /** Settles when every request that runs was answered. */
  async drain(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.drain()));
  }

  async close(): Promise<void> {
    this.clock.clearTimeout(this.#reaper);
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.close()));
    await this.server.close();
  }

  async #begin(request: Request, parsedBody: unknown): Promise<Response> {
    const { maxSessions, maxBodyBytes } = this.settings;
    if (this.#sessions.size + this.#opening >= maxSessions)
      return problem(503, `holdfast serve: ${maxSessions} sessions are open already`, {
        "retry-after": "60",
      });
    this.#opening++;
    try {
      const wire = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => this.#add(id, wire, client),
        maxRequestBodySize: maxBodyBytes,
      });
      const client = new Draining(wire);
      await this.server.connect(client);
      const response = await wire.handleRequest(request, { parsedBody });
      // It was no handshake, and was told so.
      if (wire.sessionId === undefined) await client.close();
      return response;
    } finally {
      this.#opening--;
    }
  }

  #add(id: string, wire: WebStandardStreamableHTTPServerTransport, client: Draining): void {
    this.#sessions.set(id, { wire, client, open: 0, lastUsed: this.clock.now() });
    void client.closed.then(() => this.#sessions.delete(id));
    this.#reaper ??= this.#reapLater();
  }

  #reapLater(): unknown {
    return this.clock.setTimeout(() => this.#reap(), this.settings.idleMs / 4);
  }

  #reap(): void {
    const now = this.clock.now();
    for (const { client, open, lastUsed } of this.#sessions.values())
      if (open === 0 && now - lastUsed >= this.settings.idleMs) void client.close();
    this.#reaper = this.#sessions.size > 0 ? this.#reapLater() : undefined;
  }
}
