import type {
  Client,
  EmptyResult,
  LoggingLevel,
  McpSubscription,
  RequestOptions,
} from "@modelcontextprotocol/client";
import type { Clock } from "../machines/clock.js";
import { mostVerbose } from "../session/log-levels.js";
import type { Declarations, Filter, Participant, Ready } from "../session/ports.js";
import type { ListenStream } from "./listen-stream.js";
import { ResourceSubscriptions } from "./resource-subscriptions.js";

/** Who wants a resource: a session, or one `listen` of a session. */
interface Holder {
  readonly session: Participant;
  /** What a `listen` asked for besides resources. */
  readonly filter?: Filter;
  /** Tells the holder of a `listen` handle that it is over. */
  readonly finish?: () => void;
}

/**
 * What the open sessions declared to the server, counted per holder, so that it can be said again to the next epoch
 * and withdrawn with the last one who wanted it. A modern server gets all of it in one listen stream.
 */
export class Subscriptions implements Declarations {
  readonly #uris = new Map<string, Set<Holder>>();
  readonly #own = new WeakMap<Participant, Holder>();
  readonly #listens = new Set<Holder>();
  readonly #onServer: ResourceSubscriptions;

  constructor(
    clock: Clock,
    private readonly sessions: ReadonlySet<Participant>,
    private readonly stream: ListenStream,
    private readonly current: () => Ready | undefined,
  ) {
    this.#onServer = new ResourceSubscriptions(clock, (uri) => this.#uris.has(uri));
  }

  subscribe(
    session: Participant,
    uri: string,
    client: Client,
    options: RequestOptions,
  ): Promise<EmptyResult> {
    return this.#hold(this.#ownHolder(session), uri, client, options);
  }

  unsubscribe(
    session: Participant,
    uri: string,
    client: Client,
    options: RequestOptions,
  ): Promise<EmptyResult> {
    return this.#release(this.#ownHolder(session), uri, client, options);
  }

  /** A handle that lives across reconnects, until it is closed or its session ends. */
  async listen(
    session: Participant,
    filter: Filter,
    client: Client,
    options: RequestOptions,
  ): Promise<McpSubscription> {
    const { promise: closed, resolve } = withResolvers<"local">();
    const holder: Holder = { session, filter, finish: () => resolve("local") };
    const uris = filter.resourceSubscriptions ?? [];
    this.#listens.add(holder);
    try {
      for (const uri of uris) await this.#hold(holder, uri, client, options);
      if (!isLegacy(client)) await this.#relisten(options);
    } catch (error) {
      this.#letGo(holder);
      throw error;
    }
    const close = async () => {
      if (!this.#listens.delete(holder)) return;
      holder.finish?.();
      const client = this.current()?.client;
      for (const uri of uris)
        if (client) await this.#release(holder, uri, client, {});
        else this.#drop(holder, uri);
    };
    return { honoredFilter: this.stream.honoredFilter ?? filter, close, closed };
  }

  /** Withdraws what an ended session declared. */
  drop(session: Participant): void {
    for (const holder of this.#listens) if (holder.session === session) this.#letGo(holder);
    const own = this.#own.get(session);
    if (own) this.#letGo(own);
  }

  /** The most verbose level that an open session asked for. */
  logLevel(): LoggingLevel | undefined {
    return mostVerbose([...this.sessions].map((session) => session.logLevel));
  }

  /** Says again to a new epoch what the open sessions declared. What fails is reported, not fatal. */
  async restore({ client }: Ready, options: RequestOptions, report: (error: Error) => void): Promise<void> {
    if (!isLegacy(client)) return;
    const level = this.logLevel();
    const again: Promise<unknown>[] = [];
    if (level && client.getServerCapabilities()?.logging) again.push(client.setLoggingLevel(level, options));
    for (const uri of this.#uris.keys()) again.push(this.#onServer.subscribe(uri, client, options));
    for (const result of await Promise.allSettled(again))
      if (result.status === "rejected") report(result.reason);
  }

  /** A new epoch is ready: the listen stream of a modern one is opened, and what ended meanwhile is withdrawn. */
  start(): void {
    const client = this.current()?.client;
    if (client && isLegacy(client)) {
      for (const uri of this.#onServer.unwanted(client)) this.#settle(uri, client);
    } else this.#relisten({}).catch(() => {});
  }

  async #hold(holder: Holder, uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const holders = this.#uris.get(uri) ?? new Set();
    const held = holders.has(holder);
    this.#uris.set(uri, holders.add(holder));
    try {
      if (isLegacy(client)) await this.#onServer.settle(uri, client, options);
      else await this.#relisten(options);
    } catch (error) {
      if (!held) this.#letGo(holder, uri);
      throw error;
    }
    // Race: the session may have ended while the server was asked.
    if (holder.session.ended) this.#letGo(holder);
    return {};
  }

  async #release(holder: Holder, uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    if (!this.#drop(holder, uri)) return {};
    if (isLegacy(client)) return this.#onServer.settle(uri, client, options);
    await this.#relisten(options);
    return {};
  }

  /** Withdraws one resource of a holder, or all that it has; nobody waits for that. */
  #letGo(holder: Holder, only?: string): void {
    const client = this.current()?.client;
    if (only === undefined && this.#listens.delete(holder)) holder.finish?.();
    const uris = only === undefined ? [...this.#uris.keys()] : [only];
    for (const uri of uris)
      if (this.#drop(holder, uri) && client && isLegacy(client)) this.#settle(uri, client);
    if (client && !isLegacy(client)) this.#relisten({}).catch(() => {});
  }

  /** Whether nobody holds the resource any more. */
  #drop(holder: Holder, uri: string): boolean {
    const holders = this.#uris.get(uri);
    if (!holders?.delete(holder) || holders.size > 0) return false;
    this.#uris.delete(uri);
    return true;
  }

  #settle(uri: string, client: Client): void {
    this.#onServer.settle(uri, client, {}).catch(() => {});
  }

  #relisten(options: RequestOptions): Promise<void> {
    return this.stream.follow((client) => this.#filter(client), options);
  }

  /** The lists that the server announces, and every resource that somebody holds. */
  #filter(client: Client): Filter {
    const { tools, prompts, resources } = client.getServerCapabilities() ?? {};
    const asked = (key: "toolsListChanged" | "promptsListChanged" | "resourcesListChanged") =>
      [...this.#listens].some(({ filter }) => filter?.[key]);
    return {
      ...((tools?.listChanged || asked("toolsListChanged")) && { toolsListChanged: true }),
      ...((prompts?.listChanged || asked("promptsListChanged")) && { promptsListChanged: true }),
      ...((resources?.listChanged || asked("resourcesListChanged")) && { resourcesListChanged: true }),
      ...(this.#uris.size > 0 && { resourceSubscriptions: [...this.#uris.keys()].sort() }),
    };
  }

  #ownHolder(session: Participant): Holder {
    const holder = this.#own.get(session) ?? { session };
    this.#own.set(session, holder);
    return holder;
  }
}

const isLegacy = (client: Client): boolean => client.getProtocolEra() !== "modern";

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
