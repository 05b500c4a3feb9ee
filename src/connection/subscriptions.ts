import type {
  Client,
  EmptyResult,
  LoggingLevel,
  McpSubscription,
  RequestOptions,
} from "@modelcontextprotocol/client";
import { mostVerbose } from "../session/log-levels.js";
import type { Declarations, Filter, Participant, Ready } from "../session/ports.js";
import type { ListenStream } from "./listen-stream.js";

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

  constructor(
    private readonly sessions: ReadonlySet<Participant>,
    private readonly stream: ListenStream,
    private readonly current: () => Ready | undefined,
  ) {}

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
      this.#listens.delete(holder);
      throw error;
    }
    const close = async () => {
      if (!this.#listens.delete(holder)) return;
      holder.finish?.();
      const ready = this.current();
      for (const uri of uris) if (ready) await this.#release(holder, uri, ready.client, {});
    };
    return { honoredFilter: this.stream.honoredFilter ?? filter, close, closed };
  }

  /** Withdraws what an ended session declared. */
  drop(session: Participant): void {
    const client = this.current()?.client;
    for (const holder of this.#listens) {
      if (holder.session !== session) continue;
      this.#listens.delete(holder);
      holder.finish?.();
    }
    for (const [uri, holders] of this.#uris) {
      for (const holder of holders) {
        if (holder.session !== session) continue;
        if (client) this.#release(holder, uri, client, {}).catch(() => {});
        else holders.delete(holder);
      }
      if (holders.size === 0) this.#uris.delete(uri);
    }
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
    for (const uri of this.#uris.keys()) again.push(client.subscribeResource({ uri }, options));
    for (const result of await Promise.allSettled(again))
      if (result.status === "rejected") report(result.reason);
  }

  /** Opens the listen stream of a modern connection. */
  start(): void {
    this.#relisten({}).catch(() => {});
  }

  async #hold(holder: Holder, uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const known = this.#uris.get(uri);
    if (!known?.size && isLegacy(client)) await client.subscribeResource({ uri }, options);
    // Race: the session may have ended while the server was asked.
    if (!holder.session.ended) this.#uris.set(uri, (this.#uris.get(uri) ?? new Set()).add(holder));
    if (!isLegacy(client)) await this.#relisten(options);
    return {};
  }

  async #release(holder: Holder, uri: string, client: Client, options: RequestOptions): Promise<EmptyResult> {
    const holders = this.#uris.get(uri);
    if (!holders?.delete(holder) || holders.size > 0) return {};
    this.#uris.delete(uri);
    if (isLegacy(client)) return client.unsubscribeResource({ uri }, options);
    await this.#relisten(options);
    return {};
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
