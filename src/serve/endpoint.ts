import { isLegacyRequest, readRequestBody } from "@modelcontextprotocol/server";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { problem } from "./access.js";
import type { Exchanges } from "./exchanges.js";
import { FollowedClients } from "./followed-clients.js";
import type { HttpSettings } from "./http-options.js";
import { HttpSessions } from "./http-sessions.js";
import { ModernClients } from "./modern.js";
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
    request: Request,
    { parsedBody, sse, admit }: { parsedBody: unknown; sse: boolean; admit: Admission },
  ): Promise<Response> {
    const { maxBodyBytes: maxRequestBodySize } = this.settings;
    const route = (asked: Request, body: unknown) =>
      admit(body) ?? (sse ? this.#sse.fetch(asked, body) : this.#route(asked, body));
    if (request.method !== "POST" || parsedBody !== undefined) return route(request, parsedBody);
    const read = await readRequestBody(request, maxRequestBodySize);
    if (read.tooLarge)
      return problem(413, `holdfast serve: a request has at most ${maxRequestBodySize} bytes`);
    const body = parsed(read.text);
    // What cannot be read is left to the SDK, which says so in the words of its era.
    return route(body === undefined ? unread(request, read.text) : request, body);
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unread = ({ url, method, headers, signal }: Request, body: string): Request =>
  new Request(url, { method, headers, body, signal });
