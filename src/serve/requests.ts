import { untilAborted, withDeadline } from "../base/wait.js";
import type { Clock } from "../machines/clock.js";
import { Scraped } from "../metrics/scraped.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import { ended, problem } from "./access.js";
import { Endpoints } from "./endpoints.js";
import { Gate } from "./gate.js";
import type { HttpSettings } from "./http-options.js";
import { isStandingEvent } from "./kept-events.js";
import { placeOf } from "./place.js";
import { Principals } from "./principals.js";
import { readBody } from "./read-body.js";
import { DRAIN_MS } from "./served.js";
import { explained, isOneOfMany, serverOf, statusesOf } from "./servers-of.js";

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
  readonly #gate: Gate;
  readonly #endpoints: Endpoints;
  readonly #principals: Principals;
  readonly #scraped = new Scraped(() => [this.transport]);
  /** Where it is served. */
  url = "";
  #running = 0;
  #streams = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly transport: ClientTransport,
    readonly settings: HttpSettings,
    clock: Clock,
  ) {
    this.#gate = new Gate(settings, () => this.url);
    const report = (message: string) => this.#warn(message);
    this.#endpoints = new Endpoints(settings, clock, report);
    this.#principals = new Principals(transport, this.#endpoints, settings, clock, report);
  }

  /** Settles when what runs was answered, or after `ms`. What is new is refused from now on. */
  async drain(ms = DRAIN_MS): Promise<void> {
    const expired = () => new Error(`calls were still running after ${ms} ms`);
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
      if (this.#running === 0) resolve();
    });
    const all = Promise.all([idle, ...[...this.#endpoints].map((endpoint) => endpoint.drain())]);
    await withDeadline({ ms, expired }, (signal) => untilAborted(all, signal)).catch(() => {});
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#scraped.close();
    await this.#endpoints.close();
    await this.#principals.close();
  }

  /**
   * An exchange begins, and is over when the returned function is called: what is open keeps its session, and what runs is
   * waited for when the end comes.
   */
  begin(request: Request): () => void {
    const id = request.headers.get("mcp-session-id");
    if (id !== null) this.#endpoints.exchanges.begin(id);
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
    this.#endpoints.exchanges.end(session);
    for (const { sessions } of this.#endpoints) sessions.touch(session);
  }

  async answer(request: Request, parsedBody?: unknown): Promise<Response> {
    const refused = this.#gate.refused(request);
    if (refused) return refused;
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return this.#health();
    const metadata = this.#gate.metadata(pathname);
    if (metadata) return metadata;
    const holder = await this.#gate.holder(request);
    if (holder instanceof Response) return holder;
    if (pathname === "/status" || pathname === "/metrics")
      return this.#gate.narrow(holder, pathname) ?? this.#told(pathname);
    const place = placeOf(pathname, this.settings);
    if (!place)
      return problem(404, `holdfast serve: nothing is here; the servers are at ${this.settings.path || "/"}`);
    const read = await readBody(request, parsedBody, this.settings.maxBodyBytes);
    if (read instanceof Response) return read;
    // From here on nothing is waited for: an endpoint may be replaced at any time, and nobody finds the old one any more.
    if (this.#closing || (this.#idle && !isOfSession(request))) return ended();
    const whole = this.#principals.transportFor(holder);
    if (whole instanceof Response) return whole;
    const transport = place.name === undefined ? whole : serverOf(whole, place.name);
    if (transport instanceof Response) {
      this.#endpoints.forget(place.name);
      // Its message names the servers that there are.
      return this.#gate.seesAll(holder) ? transport : problem(404, "holdfast serve: nothing is here for you");
    }
    const pass = this.#gate.passOf(holder, isOneOfMany(this.transport) ? place.name : undefined);
    const endpoint = this.#endpoints.of(transport, place.name, pass.holder);
    const { admit } = pass;
    return this.#principals.during(holder, async () =>
      pass.shown(await endpoint.fetch(read, { sse: place.sse, admit })),
    );
  }

  #warn(message: string): void {
    const { name } = this.transport;
    this.transport[INTERNALS].announce({ type: "warning", message: `${name}: ${message}` });
  }

  #told(pathname: string): Response | Promise<Response> {
    return pathname === "/status" ? Response.json(this.#status()) : this.#metrics();
  }

  #health(): Response {
    const ok = !this.#idle && !this.#closing;
    return Response.json({ ok }, { status: ok ? 200 : 503 });
  }

  async #metrics(): Promise<Response> {
    const { status, contentType, text } = await this.#scraped.scrape();
    return new Response(text, { status, headers: { "content-type": contentType } });
  }

  #status() {
    const { transport } = this;
    const sessions = [...this.#endpoints].reduce((sum, { size }) => sum + size, 0);
    const servers = statusesOf(transport);
    return {
      ...explained(transport),
      sessions,
      streams: this.#streams,
      running: this.#running,
      ...(servers && { servers }),
    };
  }
}
