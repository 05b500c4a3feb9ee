import { isLegacyRequest, readRequestBody } from "@modelcontextprotocol/server";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { problem } from "./access.js";
import type { Exchanges } from "./exchanges.js";
import type { HttpSettings } from "./http-options.js";
import { HttpSessions } from "./http-sessions.js";
import { ModernClients } from "./modern.js";

/** One transport at one path, for clients of both eras. */
export class Endpoint {
  readonly sessions: HttpSessions;
  readonly #modern: ModernClients;

  constructor(
    readonly transport: ClientTransport,
    exchanges: Exchanges,
    private readonly settings: HttpSettings,
    clock: Clock,
  ) {
    this.sessions = new HttpSessions(
      { name: transport.name, door: transport.asServer() },
      exchanges,
      settings,
      clock,
    );
    this.#modern = new ModernClients(transport, settings, clock);
  }

  async fetch(request: Request, parsedBody: unknown): Promise<Response> {
    const { maxBodyBytes: maxRequestBodySize } = this.settings;
    if (request.method !== "POST" || parsedBody !== undefined) return this.#route(request, parsedBody);
    const read = await readRequestBody(request, maxRequestBodySize);
    if (read.tooLarge)
      return problem(413, `holdfast serve: a request has at most ${maxRequestBodySize} bytes`);
    const body = parsed(read.text);
    // What cannot be read is left to the SDK, which says so in the words of its era.
    return this.#route(body === undefined ? unread(request, read.text) : request, body);
  }

  async #route(request: Request, body: unknown): Promise<Response> {
    const { maxBodyBytes: maxRequestBodySize } = this.settings;
    const legacy =
      request.headers.has("mcp-session-id") || (await isLegacyRequest(request, body, { maxRequestBodySize }));
    return legacy ? this.sessions.fetch(request, body) : this.#modern.fetch(request, body);
  }

  async close(): Promise<void> {
    await Promise.all([this.sessions.close(), this.#modern.close()]);
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
