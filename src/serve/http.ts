import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type NodeIncomingMessageLike, toNodeHandler } from "@modelcontextprotocol/node";
import { isHoldfastError } from "../base/errors.js";
import { listeningPort } from "../base/listening-port.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import { type Clock, systemClock } from "../machines/clock.js";
import { Scraped } from "../metrics/scraped.js";
import type { ClientTransport } from "../transports/transport.js";
import { Access, problem } from "./access.js";
import { Endpoint } from "./endpoint.js";
import { type HttpOptions, type HttpSettings, httpSettings } from "./http-options.js";
import { DRAIN_MS, type Served } from "./served.js";

/** Streams stand until somebody ends them, and so are no work. */
const isStream = ({ method, headers }: IncomingMessage): boolean =>
  headers["mcp-method"] === "subscriptions/listen" ||
  (method === "GET" && headers["mcp-session-id"] !== undefined);
const isWork = (request: IncomingMessage): boolean => request.method !== "GET" && !isStream(request);

/** A transport over Streamable HTTP, both eras at one address. */
export class HttpServing implements Served {
  readonly closed: Promise<void>;
  url = "";
  readonly #server: Server;
  readonly #access: Access;
  readonly #endpoints = new Map<string | undefined, Endpoint>();
  readonly #scraped = new Scraped(() => [this.transport]);
  #running = 0;
  #streams = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly transport: ClientTransport,
    private readonly settings: HttpSettings,
    private readonly clock: Clock,
  ) {
    this.#access = new Access(settings);
    const maxRequestBodySize = settings.maxBodyBytes;
    const handler = toNodeHandler({ fetch: (request) => this.#answer(request) }, { maxRequestBodySize });
    this.#server = createServer((request, response) => {
      this.#watch(request, response);
      // Its type says what Node's means, and not that what is optional may be undefined.
      void handler(request as NodeIncomingMessageLike, response);
    });
    this.closed = once(this.#server, "close").then(() => {});
  }

  /** @throws HoldfastError `CONFIG_INVALID`, or the error of a port that is taken */
  static async start(
    transport: ClientTransport,
    options: HttpOptions,
    clock = systemClock,
  ): Promise<HttpServing> {
    const settings = httpSettings(options);
    const serving = new HttpServing(transport, settings, clock);
    const { host, path } = settings;
    serving.#server.listen(settings.port, host.replace(/^\[|\]$/g, ""));
    await once(serving.#server, "listening");
    const port = listeningPort(serving.#server);
    serving.url = `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}${path}`;
    return serving;
  }

  async drain(ms = DRAIN_MS): Promise<void> {
    this.#server.close();
    const expired = () => new Error(`calls were still running after ${ms} ms`);
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
      if (this.#running === 0) resolve();
    });
    await withDeadline({ ms, expired }, (signal) => untilAborted(idle, signal)).catch(() => {});
    await this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#server.close();
    this.#scraped.close();
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()));
    this.#server.closeAllConnections();
    await this.closed;
  }

  /** What is open keeps its session, and what runs is waited for when the end comes. */
  #watch(request: IncomingMessage, response: ServerResponse): void {
    const id = request.headers["mcp-session-id"];
    const releases =
      typeof id === "string" ? [...this.#endpoints.values()].map(({ sessions }) => sessions.hold(id)) : [];
    const [work, stream] = [isWork(request), isStream(request)];
    if (work) this.#running++;
    if (stream) this.#streams++;
    response.once("close", () => {
      for (const release of releases) release();
      if (stream) this.#streams--;
      if (work && --this.#running === 0) this.#idle?.();
    });
  }

  async #answer(request: Request): Promise<Response> {
    const refused = this.#access.refused(request);
    if (refused) return refused;
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return Response.json({ ok: true });
    const unauthorized = this.#access.unauthorized(request);
    if (unauthorized) return unauthorized;
    if (pathname === "/status") return Response.json(this.#status());
    if (pathname === "/metrics") return this.#metrics();
    const { path } = this.settings;
    const name = pathname.startsWith(`${path}/`) ? nameIn(pathname.slice(path.length + 1)) : undefined;
    if (pathname !== path && pathname !== `${path}/` && name === undefined)
      return problem(404, `holdfast serve: nothing is here; the servers are at ${path || "/"}`);
    if (this.#idle) return problem(503, "holdfast serve is ending; nothing was done");
    const endpoint = this.#endpointOf(name);
    return endpoint instanceof Response ? endpoint : endpoint.fetch(request);
  }

  #endpointOf(name: string | undefined): Endpoint | Response {
    const transport = name === undefined ? this.transport : serverOf(this.transport, name);
    if (transport instanceof Response) return transport;
    const known = this.#endpoints.get(name);
    if (known?.transport === transport) return known;
    // A server of a config that was edited is another one.
    void known?.close();
    const endpoint = new Endpoint(transport, this.settings, this.clock);
    this.#endpoints.set(name, endpoint);
    return endpoint;
  }

  async #metrics(): Promise<Response> {
    const { status, contentType, text } = await this.#scraped.scrape();
    return new Response(text, { status, headers: { "content-type": contentType } });
  }

  #status() {
    const { transport } = this;
    const sessions = [...this.#endpoints.values()].reduce((sum, { sessions: { size } }) => sum + size, 0);
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

/** The name of a server in the rest of a path. */
function nameIn(rest: string): string | undefined {
  try {
    return rest === "" ? undefined : decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
