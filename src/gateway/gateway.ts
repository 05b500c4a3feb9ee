import {
  type LoggingLevel,
  type Notification,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
} from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import { VERSION } from "../base/version.js";
import { withDeadline } from "../base/wait.js";
import { ANY_RESULT } from "../contract/any-result.js";
import { ASKING_SERVER, type RelayedContext } from "../contract/asking.js";
import { DEFAULTS } from "../contract/options.js";
import { Announcements, changedKinds } from "./announcements.js";
import { whileCalled } from "./call-time.js";
import { joinLists } from "./join-lists.js";
import { originIn, ParkedCalls } from "./parked-calls.js";
import {
  type GatewayHost,
  isOffered,
  LIST_KINDS,
  LIST_METHODS,
  type ListKind,
  type Params,
  type PresentedAsIs,
  type PresentedMany,
  type RequestContext,
  ROUTED_METHODS,
  type Route,
  type Upstream,
} from "./presented.js";
import { Relay, type Relayed, relayedError } from "./relay.js";
import { RelayServer } from "./relay-server.js";
import { legacyRoute } from "./straight-calls.js";

/** What a server asks of the client. */
type Question = { method: string; params: Params };

/** A question to a person takes its time; the call that it belongs to has the deadline. */
const ASK_MS = 2 ** 31 - 1;
const ANY_PARAMS = { params: ANY_RESULT };

/** The low-level server in front of one session or many. It relays, and validates nothing: the outer client does. */
export class Gateway {
  readonly #parked = new ParkedCalls();
  readonly #relay: Relay;
  readonly #announcements = new Announcements((kind) =>
    this.#notify({ method: `notifications/${kind}/list_changed` }),
  );
  #server: RelayServer | undefined;
  #level: LoggingLevel | undefined;

  constructor(private readonly host: GatewayHost) {
    this.#relay = new Relay(host, this.#parked, () => this.#level);
  }

  /** What the client asked for of the servers' logs. */
  get level(): LoggingLevel | undefined {
    return this.#level;
  }

  /** A server for one client, in either era. */
  make(): RelayServer {
    const { presented } = this.host;
    const instructions = presented.instructions();
    const server = new RelayServer(
      ("info" in presented && presented.info()) || { name: "holdfast", version: VERSION },
      { capabilities: presented.capabilities(), ...(instructions && { instructions }) },
    );
    this.#server = server;
    this.#register(server);
    return server;
  }

  /** What the servers offer is not what it was. */
  changed(kinds: readonly ListKind[] = LIST_KINDS): void {
    this.#announcements.add(kinds);
  }

  /** A request of a server, for the client. */
  async ask(
    upstream: Upstream,
    request: Question,
    { signal, server: asking, origins = [] }: RelayedContext,
  ): Promise<Result> {
    const server = this.#server;
    if (!server) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "nobody is there to answer");
    const { method, params } = request;
    const named = {
      method,
      params: { ...params, _meta: { ...fieldsOf(params["_meta"]), [ASKING_SERVER]: asking } },
    };
    if (!server.isModern) {
      const origin = originIn(origins);
      const related = origin && !origin.over && { relatedRequestId: origin.request.mcpReq.id };
      return (await server.request(named, ANY_RESULT, { signal, timeout: ASK_MS, ...related })) as Result;
    }
    const call = this.#parked.askedIn(upstream, originIn(origins));
    const message = `${method} is possible only during a call that can be told`;
    if (!call) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, message);
    return (await call.ask(named, signal)) as Result;
  }

  /** A notification of a server, for the client. */
  heard(upstream: Upstream, notification: Notification): void {
    const changed = changedKinds(notification);
    const shown = changed ? undefined : this.host.presented.showNotification(upstream, notification);
    if (changed) this.changed(changed);
    else if (shown) this.#notify(shown);
  }

  /** What a modern client listens to; the servers that are not modern are told in their own words. */
  async listen(added: readonly string[], dropped: readonly string[]): Promise<void> {
    const all = [
      ...added.map((uri) => ({ uri, method: "resources/subscribe" })),
      ...dropped.map((uri) => ({ uri, method: "resources/unsubscribe" })),
    ];
    const ms = DEFAULTS.listTimeoutMs;
    const expired = () => new Error(`subscriptions were not settled within ${ms} ms`);
    await withDeadline({ ms, expired }, async (signal) => {
      const settled = all.map(async ({ uri, method }) => {
        const { upstream, params } = await this.#routeOf(method, { uri }, signal);
        const resource = { uri: String(params["uri"]) };
        const session = upstream.session ?? (await upstream.opened(signal));
        if (method === "resources/subscribe") await session.subscribeResource(resource, { signal });
        else await session.unsubscribeResource(resource, { signal });
      });
      await Promise.all(settled);
    });
  }

  /** One request past the SDK's server. Undefined: that has to see it. */
  straight(method: string, params: Params): ((ctx: RequestContext) => Promise<Result>) | undefined {
    const isLegacy = this.#server?.isModern === false;
    const route = isLegacy ? legacyRoute(this.host.presented, method, params) : undefined;
    return route && ((ctx) => this.#through({ ...route, method, ctx }));
  }

  /** The client is gone: nobody comes back for what is parked. */
  close(): void {
    this.#parked.endAll(new Error("the client is gone"));
  }

  #register(server: RelayServer): void {
    const { presented } = this.host;
    if ("list" in presented) this.#registerMany(server, presented);
    else this.#registerAsIs(server, presented);
    if (!presented.capabilities().logging) return;
    server.setRequestHandler("logging/setLevel", async ({ params: { level } }, ctx) => {
      await this.#setLevel(level, ctx.mcpReq.signal);
      return {};
    });
  }

  #registerMany(server: RelayServer, presented: PresentedMany): void {
    for (const method of LIST_METHODS)
      server.setRequestHandler(method, ANY_PARAMS, (_params, ctx) =>
        presented.list(method, ctx.mcpReq.signal),
      );
    for (const method of ROUTED_METHODS) this.#registerRouted(server, method);
    // What only extensions know.
    server.fallbackRequestHandler = ({ method, params = {} }, ctx) => {
      const all = presented.all(method);
      return all.length > 1 ? this.#joined(all, { method, params, ctx }) : this.#routed(method, params, ctx);
    };
    server.setNotificationHandler("notifications/roots/list_changed", () => this.#rootsChanged());
  }

  /** Whatever the one server offers, and whatever it may know that we do not. */
  #registerAsIs(server: RelayServer, presented: PresentedAsIs): void {
    const capabilities = presented.capabilities();
    for (const method of [...LIST_METHODS, ...ROUTED_METHODS])
      if (isOffered(method, capabilities)) this.#registerRouted(server, method);
    server.fallbackRequestHandler = ({ method, params }, ctx) => this.#routed(method, params ?? {}, ctx);
    server.fallbackNotificationHandler = async ({ method, params }) => {
      const notification = params ? { method, params } : { method };
      const open = presented.upstreams().flatMap(({ session }) => session ?? []);
      await Promise.allSettled(open.map((session) => session.notification(notification)));
    };
    server.setNotificationHandler("notifications/roots/list_changed", () => this.#rootsChanged());
  }

  #registerRouted(
    server: RelayServer,
    method: (typeof LIST_METHODS)[number] | (typeof ROUTED_METHODS)[number],
  ): void {
    server.setRequestHandler(method, ANY_PARAMS, (params, ctx) =>
      this.#routed(method, params as Params, ctx),
    );
  }

  async #rootsChanged(): Promise<void> {
    const open = this.host.presented.upstreams().flatMap(({ session }) => session ?? []);
    await Promise.allSettled(open.map((session) => session.sendRootsListChanged()));
  }

  /** One request through to its server, and what it came to in the words of the client. */
  async #routed(method: string, params: Params, ctx: RequestContext): Promise<Result> {
    const { presented } = this.host;
    const own = "own" in presented ? presented.own?.(method, params, ctx.mcpReq.signal) : undefined;
    if (own) return own;
    const route = presented.known(method, params) ?? (await this.#found(method, params, ctx));
    return this.#through({ ...route, method, ctx });
  }

  async #through(relayed: Relayed): Promise<Result> {
    const result = await this.#relay.carry(relayed, this.#server?.isModern === true);
    return this.host.presented.show(relayed.upstream, relayed.method, result);
  }

  /** A list of an extension, of all who have one. */
  async #joined(all: readonly Upstream[], request: Omit<Relayed, "upstream">): Promise<Result> {
    return joinLists(await Promise.all(all.map((upstream) => this.#through({ ...request, upstream }))));
  }

  async #found(method: string, params: Params, ctx: RequestContext): Promise<Route> {
    const call = this.host.contextOf(ctx.mcpReq.id);
    try {
      return await whileCalled(ctx, call, (signal) => this.#routeOf(method, params, signal));
    } catch (error) {
      throw relayedError(error);
    }
  }

  async #routeOf(method: string, params: Params, signal: AbortSignal): Promise<Route> {
    const { presented } = this.host;
    return "route" in presented ? presented.route(method, params, signal) : presented.known(method, params);
  }

  async #setLevel(level: LoggingLevel, signal: AbortSignal): Promise<void> {
    this.#level = level;
    const capable = this.host.presented
      .upstreams()
      .flatMap(({ session }) => (session?.getServerCapabilities()?.logging ? session : []));
    await Promise.allSettled(capable.map((session) => session.setLoggingLevel(level, { signal })));
  }

  #notify(notification: Notification): void {
    this.#server?.notification(notification).catch((error: unknown) => {
      this.host.report(`${notification.method} could not be passed on: ${String(error)}`);
    });
  }
}
