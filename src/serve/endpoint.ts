import { isLegacyRequest } from "@modelcontextprotocol/server";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import type { Exchanges } from "./exchanges.js";
import { FollowedClients } from "./followed-clients.js";
import type { HttpSettings } from "./http-options.js";
import { HttpSessions } from "./http-sessions.js";
import { ModernClients } from "./modern.js";
import type { ReadRequest } from "./read-body.js";
import { SseSessions } from "./sse-sessions.js";

type Admission = (body: unknown) => Response | undefined;

/** One transport at one path, for clients of both eras. */
export class Endpoint {
  readonly sessions: HttpSessions;
  readonly #modern: ModernClients;
  readonly #sse: SseSessions;

  constructor(
    readonly transport: ClientTransport,
    exchanges: Exchanges,
    private readonly settings: HttpSettings,
    clock: Clock,
  ) {
    const followed = new FollowedClients(transport, "tcp");
    this.sessions = new HttpSessions(
      { name: transport.name, door: transport.asServer(), followed },
      exchanges,
      settings,
      clock,
    );
    this.#sse = new SseSessions({ door: transport.asServer(), followed }, settings, clock);
    this.#modern = new ModernClients(followed, settings, clock);
  }

  /** How many sessions legacy clients have. */
  get size(): number {
    return this.sessions.size + this.#sse.size;
  }

  /** `sse`: of a client of HTTP+SSE. `admit`: the answer to what may not pass. */
  async fetch(
    { request, body }: ReadRequest,
    { sse, admit }: { sse: boolean; admit: Admission },
  ): Promise<Response> {
    return admit(body) ?? (sse ? this.#sse.fetch(request, body) : this.#route(request, body));
  }

  async #route(request: Request, body: unknown): Promise<Response> {
    const { maxBodyBytes: maxRequestBodySize } = this.settings;
    const legacy =
      request.headers.has("mcp-session-id") || (await isLegacyRequest(request, body, { maxRequestBodySize }));
    return legacy ? this.sessions.fetch(request, body) : this.#modern.fetch(request, body);
  }

  /** Sessions refuse new calls. Settles when what runs for clients of HTTP+SSE was answered: their requests are over before. */
  drain(): Promise<void> {
    this.sessions.refuse();
    return this.#sse.drain();
  }

  async close(): Promise<void> {
    await Promise.all([this.sessions.close(), this.#modern.close(), this.#sse.close()]);
  }
}
