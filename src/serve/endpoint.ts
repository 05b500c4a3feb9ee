import { isLegacyRequest } from "@modelcontextprotocol/server";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import type { HttpSettings } from "./http-options.js";
import { HttpSessions } from "./http-sessions.js";
import { ModernClients } from "./modern.js";

/** One transport at one path, for clients of both eras. */
export class Endpoint {
  readonly sessions: HttpSessions;
  readonly #modern: ModernClients;

  constructor(
    readonly transport: ClientTransport,
    private readonly settings: HttpSettings,
    clock: Clock,
  ) {
    this.sessions = new HttpSessions({ name: transport.name, door: transport.asServer() }, settings, clock);
    this.#modern = new ModernClients(transport, settings, clock);
  }

  async fetch(request: Request): Promise<Response> {
    // What cannot be read is left to the SDK, which says so in the words of its era.
    const body: unknown =
      request.method === "POST"
        ? await request
            .clone()
            .json()
            .catch(() => undefined)
        : undefined;
    const maxRequestBodySize = this.settings.maxBodyBytes;
    const legacy =
      request.headers.has("mcp-session-id") || (await isLegacyRequest(request, body, { maxRequestBodySize }));
    return legacy ? this.sessions.fetch(request, body) : this.#modern.fetch(request, body);
  }

  async close(): Promise<void> {
    await Promise.all([this.sessions.close(), this.#modern.close()]);
  }
}
