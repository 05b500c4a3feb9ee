import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import type { ServerDoor } from "../contract/door.js";
import type { Clock } from "../machines/clock.js";
import { ended, problem } from "./access.js";
import { Draining } from "./draining.js";
import { EarlierSessions } from "./earlier-sessions.js";
import type { Exchanges } from "./exchanges.js";
import { FollowedClient } from "./followed-client.js";
import type { FollowedClients } from "./followed-clients.js";
import { goOn } from "./handshakes.js";
import type { HttpSettings } from "./http-options.js";
import { EventBudget, isEventId, isStandingEvent, KeptEvents } from "./kept-events.js";
import { NOTHING, type Remembered, standingAfter } from "./remembered.js";

interface HttpSession {
  wire: WebStandardStreamableHTTPServerTransport;
  client: Draining;
  events: KeptEvents;
  remembered: Remembered;
  /** The server may be another one than its client knows: methods of the notifications that say so, once it can hear them. */
  news: string[];
  lastUsed: number;
}

/** The sessions of legacy clients at one endpoint: each is a transport of the SDK's, and a client of `served`. */
export class HttpSessions {
  readonly #sessions = new Map<string, HttpSession>();
  #opening = 0;
  #reaper: unknown;
  #closed = false;
  readonly #earlier: EarlierSessions;
  /** Those that are ended because their clients were silent. */
  readonly #silent = new Set<string>();
  readonly #resuming = new Map<string, Promise<void>>();
  readonly #budget = new EventBudget();

  constructor(
    private readonly served: { name: string; door: ServerDoor; followed: FollowedClients },
    private readonly exchanges: Exchanges,
    private readonly settings: Pick<HttpSettings, "idleMs" | "maxSessions" | "maxBodyBytes" | "sessionKey">,
    private readonly clock: Clock,
  ) {
    this.#earlier = new EarlierSessions(settings, clock);
  }

  get size(): number {
    return this.#sessions.size;
  }

  async fetch(request: Request, parsedBody: unknown): Promise<Response> {
    if (this.#closed) return ended();
    const id = request.headers.get("mcp-session-id");
    if (id === null) return this.#begin(request, parsedBody);
    const session = this.#sessions.get(id) ?? (await this.#resumed(id, request.url));
    if (!session) return problem(404, "holdfast serve: there is no such session (any more); initialize anew");
    const { wire, events } = session;
    const last = request.method === "GET" ? request.headers.get("last-event-id") : null;
    if (last !== null && !isEventId(last))
      return problem(400, "holdfast serve: Last-Event-ID is no event's id; open the stream without it");
    // Without a body, and with this status, both SDKs let it be.
    if (last !== null && events.isOver(last))
      return new Response(null, { status: 405, headers: { allow: "POST" } });
    this.#note(session, parsedBody);
    const handle = () => wire.handleRequest(request, { parsedBody });
    const { id: asked, method, params } = fieldsOf(parsedBody);
    if (method === "notifications/cancelled") cancel(session, fieldsOf(params)["requestId"]);
    if (typeof asked === "string" || typeof asked === "number") return events.during(asked, handle);
    const response = await handle();
    const listens = request.method === "GET" && (last === null || isStandingEvent(last));
    if (listens && response.ok)
      for (const method of session.news.splice(0)) await wire.send({ jsonrpc: "2.0", method });
    return response;
  }

  /** Takes over from the endpoint before this one. Each of its sessions is opened again with its client's next request. */
  adopt(before: HttpSessions): void {
    const open = [...before.#sessions].map(([id, { remembered }]) => [id, remembered] as const);
    this.#earlier.adopt(before.#earlier, open);
  }

  /** An exchange of that session is over. */
  touch(id: string): void {
    const session = this.#sessions.get(id);
    if (session) session.lastUsed = this.clock.now();
  }

  /** New calls are refused from now on. */
  refuse(): void {
    for (const { client } of this.#sessions.values()) void client.drain();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.clock.clearTimeout(this.#reaper);
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.close()));
    await this.served.door.close();
  }

  async #begin(request: Request, parsedBody: unknown): Promise<Response> {
    const { maxSessions } = this.settings;
    if (this.#isFull)
      return problem(503, `holdfast serve: ${maxSessions} sessions are open already`, {
        "retry-after": "60",
      });
    const { params } = fieldsOf(parsedBody);
    const opened = this.#open(
      { introduction: params, standing: NOTHING },
      () => this.#earlier.idFor(params) ?? randomUUID(),
      async (wire, client) => {
        const response = await wire.handleRequest(request, { parsedBody });
        // It was no handshake, and was told so.
        if (wire.sessionId === undefined) await client.close();
        return response;
      },
    );
    return opened.catch((error: unknown) => {
      if (this.#closed) return ended();
      throw error;
    });
  }

  /** A session of a process before this one: it goes on as if nothing had been, with the introduction that is in its id. */
  async #resumed(id: string, url: string): Promise<HttpSession | undefined> {
    const already = this.#resuming.get(id);
    if (already) await already;
    else {
      const remembered = this.#isFull ? undefined : this.#earlier.find(id);
      if (!remembered) return undefined;
      const resuming = this.#goOn(id, url, remembered).finally(() => this.#resuming.delete(id));
      this.#resuming.set(id, resuming);
      await resuming;
    }
    return this.#sessions.get(id);
  }

  #goOn(id: string, url: string, remembered: Remembered): Promise<void> {
    return this.#open(
      remembered,
      () => id,
      async (wire) => {
        const news = await goOn(wire, url, id, remembered);
        this.#sessions.get(id)?.news.push(...news);
      },
    );
  }

  #note(session: HttpSession, body: unknown): void {
    const { introduction, standing } = session.remembered;
    const now = standingAfter(standing, body);
    if (now !== standing) session.remembered = { introduction, standing: now };
  }

  get #isFull(): boolean {
    return this.#sessions.size + this.#opening >= this.settings.maxSessions;
  }

  async #open<T>(
    remembered: Remembered,
    sessionIdGenerator: () => string,
    use: (wire: WebStandardStreamableHTTPServerTransport, client: Draining) => Promise<T>,
  ): Promise<T> {
    this.#opening++;
    try {
      const events = new KeptEvents(this.served.name, this.#budget);
      const wire = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator,
        onsessioninitialized: (id) => {
          this.#add(id, { wire, client, events, remembered, news: [] });
          this.exchanges.begin(id);
          shaken = () => {
            this.exchanges.end(id);
            this.touch(id);
          };
        },
        onsessionclosed: (id) => this.#earlier.end(id),
        maxRequestBodySize: this.settings.maxBodyBytes,
        eventStore: events,
      });
      // The handshake takes as long as the servers do, in an exchange whose request named no session.
      let shaken = () => {};
      const followed = new FollowedClient(this.served.followed, () => wire.sessionId);
      const client = new Draining(wire, followed, () => {
        shaken();
        shaken = () => {};
      });
      void client.closed.then(() => events.close());
      try {
        await this.served.door.connect(client);
        // Race: serve may have ended meanwhile, without this client.
        if (this.#closed) throw new Error("holdfast serve ended; nothing was done");
        return await use(wire, client);
      } catch (error) {
        events.close();
        await client.close();
        throw error;
      }
    } finally {
      this.#opening--;
    }
  }

  #add(id: string, session: Omit<HttpSession, "lastUsed">): void {
    this.#earlier.taken(id);
    const added = { ...session, lastUsed: this.clock.now() };
    this.#sessions.set(id, added);
    void session.client.closed.then(() => {
      this.#sessions.delete(id);
      // Its server went away under it, as with an edit: its client goes on with the next one.
      if (!this.#silent.delete(id)) this.#earlier.keep(id, added.remembered);
    });
    this.#reaper ??= this.#reapLater();
  }

  #reapLater(): unknown {
    return this.clock.setTimeout(() => this.#reap(), this.settings.idleMs / 4);
  }

  #reap(): void {
    const now = this.clock.now();
    for (const [id, { client, lastUsed }] of this.#sessions)
      if (!this.exchanges.has(id) && now - lastUsed >= this.settings.idleMs) {
        this.#silent.add(id);
        void client.close();
      }
    this.#reaper = this.#sessions.size > 0 ? this.#reapLater() : undefined;
  }
}

/** Nobody answers that request any more; the SDK would keep its stream, and a socket. */
function cancel({ wire, events }: HttpSession, requestId: unknown): void {
  if (typeof requestId !== "string" && typeof requestId !== "number") return;
  if (events.cancel(requestId)) wire.closeSSEStream(requestId);
}
