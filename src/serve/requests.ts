import { isHoldfastError } from "../base/errors.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import type { Clock } from "../machines/clock.js";
import { Scraped } from "../metrics/scraped.js";
import type { ClientTransport } from "../transports/transport.js";
import { Access, problem } from "./access.js";
import { Endpoint } from "./endpoint.js";
import { Exchanges } from "./exchanges.js";
import type { HttpSettings } from "./http-options.js";
import { isStandingEvent } from "./kept-events.js";
import { placeOf } from "./place.js";
import { DRAIN_MS } from "./served.js";

/** Streams stand until somebody ends them, and so are no work. What is left of a call's stream is work. */
function isStream({ method, headers }: Request): boolean {
  if (method !== "GET") return headers.get("mcp-method") === "subscriptions/listen";
  const last = headers.get("last-event-id");
  return (
    headers.get("accept")?.includes("text/event-stream") === true && (last === null || isStandingEvent(last))
  );
}
const isWork = (request: Request): boolean =>
  !isStream(request) && (request.method !== "GET" || request.headers.has("mcp-session-id"));

/** A client's answer to a question, without which its call would not end; its session refuses new calls. */
const isOfSession = ({ method, url, headers }: Request): boolean =>
  method === "POST" && (headers.has("mcp-session-id") || new URL(url).searchParams.has("sessionId"));

/** Answers the requests of all clients for a transport: all its servers at one path, and each below it. */
export class Requests {
  readonly #access: Access;
  readonly #endpoints = new Map<string | undefined, Endpoint>();
  readonly #scraped = new Scraped(() => [this.transport]);
  readonly #exchanges = new Exchanges();
  #running = 0;
  #streams = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly transport: ClientTransport,
    readonly settings: HttpSettings,
    private readonly clock: Clock,
  ) {
    this.#access = new Access(settings);
  }

  /** Settles when what runs was answered, or after `ms`. What is new is refused from now on. */
  async drain(ms = DRAIN_MS): Promise<void> {
    const expired = () => new Error(`calls were still running after ${ms} ms`);
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
      if (this.#running === 0) resolve();
    });
    const all = Promise.all([idle, ...[...this.#endpoints.values()].map((endpoint) => endpoint.drain())]);
    await withDeadline({ ms, expired }, (signal) => untilAborted(all, signal)).catch(() => {});
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#scraped.close();
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()));
  }

  /**
   * An exchange begins, and is over when the returned function is called: what is open keeps its session, and what runs is
   * waited for when the end comes.
   */
  begin(request: Request): () => void {
    const id = request.headers.get("mcp-session-id");
    if (id !== null) this.#exchanges.begin(id);
    const [work, stream] = [isWork(request), isStream(request)];
    if (work) this.#running++;
    if (stream) this.#streams++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      if (id !== null) this.#end(id);
      if (stream) this.#streams--;
      if (work && --this.#running === 0) this.#idle?.();
    };
  }

  #end(session: string): void {
    this.#exchanges.end(session);
    for (const { sessions } of this.#endpoints.values()) sessions.touch(session);
  }

  async answer(request: Request, parsedBody?: unknown): Promise<Response> {
    const refused = this.#access.refused(request);
    if (refused) return refused;
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return this.#health();
    const unauthorized = this.#access.unauthorized(request);
    if (unauthorized) return unauthorized;
    if (pathname === "/status") return Response.json(this.#status());
    if (pathname === "/metrics") return this.#metrics();
    const place = placeOf(pathname, this.settings);
    if (!place)
      return problem(404, `holdfast serve: nothing is here; the servers are at ${this.settings.path || "/"}`);
    if (this.#closing || (this.#idle && !isOfSession(request)))
      return problem(503, "holdfast serve is ending; nothing was done");
    const endpoint = this.#endpointOf(place.name);
    if (endpoint instanceof Response) return endpoint;
    return endpoint.fetch(request, { parsedBody, sse: place.sse });
  }

  #health(): Response {
    const ok = !this.#idle && !this.#closing;
    return Response.json({ ok }, { status: ok ? 200 : 503 });
  }

  #endpointOf(name: string | undefined): Endpoint | Response {
    const transport = name === undefined ? this.transport : serverOf(this.transport, name);
    const known = this.#endpoints.get(name);
    if (transport instanceof Response) {
      this.#endpoints.delete(name);
      void known?.close();
      return transport;
    }
    if (known?.transport === transport) return known;
    const endpoint = new Endpoint(transport, this.#exchanges, this.settings, this.clock);
    // A server of a config that was edited is another one, for the same clients.
    if (known) {
      endpoint.sessions.adopt(known.sessions.introductions);
      void known.close();
    }
    this.#endpoints.set(name, endpoint);
    return endpoint;
  }

  async #metrics(): Promise<Response> {
    const { status, contentType, text } = await this.#scraped.scrape();
    return new Response(text, { status, headers: { "content-type": contentType } });
  }

  #status() {
    const { transport } = this;
    const sessions = [...this.#endpoints.values()].reduce((sum, { size }) => sum + size, 0);
    const servers = transport instanceof MCPConfigTransport ? serversOf(transport) : undefined;
    return {
      ...explained(transport),
      sessions,
      streams: this.#streams,
      running: this.#running,
      ...(servers && { servers }),
    };
  }
}

const explained = (transport: ClientTransport) => ({ ...transport.status, ...transport.explain() });

const serversOf = (config: MCPConfigTransport) =>
  Object.fromEntries(Object.keys(config.servers).map((name) => [name, explained(config.server(name))]));

function serverOf(transport: ClientTransport, name: string): ClientTransport | Response {
  try {
    if (transport instanceof MCPConfigTransport) return transport.server(name);
  } catch (error) {
    if (!isHoldfastError(error, "SERVER_UNKNOWN")) throw error;
    return problem(404, error.message);
  }
  return problem(404, `${transport.name}: there is one server only, and no ${JSON.stringify(name)}`);
}
