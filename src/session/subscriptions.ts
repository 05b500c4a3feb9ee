import type {
  Client,
  EmptyResult,
  LoggingLevel,
  McpSubscription,
  RequestOptions,
} from "@modelcontextprotocol/client";
import { ProtocolError } from "@modelcontextprotocol/client";
import { backoffDelay, DEFAULT_BACKOFF } from "../machines/backoff.js";
import type { Clock } from "../machines/clock.js";
import type { Listening } from "../wires/wire.js";
import type { Ready } from "./link.js";
import type { SessionView } from "./session.js";

type Filter = Parameters<Client["listen"]>[0];
type UriParams = { uri: string };

const LEVELS: LoggingLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];
const METHOD_NOT_FOUND = -32601;

/**
 * What the open sessions declared to the server, counted per session, so that it can be said again to the next
 * epoch and withdrawn with the last session that wanted it. A modern server gets all of it in one listen stream.
 */
export class Subscriptions {
  /** Of the modern listen stream; the wire knows about the legacy one. */
  listening: Listening = "none";
  readonly #uris = new Map<string, Set<SessionView>>();
  readonly #listens = new Set<{ session: SessionView; filter: Filter }>();
  #stream: { ready: Ready; key: string; handle: McpSubscription } | undefined;
  #timer: unknown;
  #failed = 0;

  constructor(
    private readonly clock: Clock,
    private readonly sessions: ReadonlySet<SessionView>,
    private readonly onListening: (listening: Listening) => void,
    private readonly current: () => Ready | undefined,
  ) {}

  async subscribe(
    session: SessionView,
    params: UriParams,
    client: Client,
    options: RequestOptions,
  ): Promise<EmptyResult> {
    const holders = this.#uris.get(params.uri) ?? new Set();
    const first = holders.size === 0;
    if (first && isLegacy(client)) await client.subscribeResource(params, options);
    // Race: the session may have ended while the server was asked.
    if (!session.ended) this.#uris.set(params.uri, (this.#uris.get(params.uri) ?? holders).add(session));
    if (!isLegacy(client)) await this.#relisten(options);
    return {};
  }

  async unsubscribe(
    session: SessionView,
    params: UriParams,
    client: Client,
    options: RequestOptions,
  ): Promise<EmptyResult> {
    if (!this.#release(session, params.uri)) return {};
    if (isLegacy(client)) return client.unsubscribeResource(params, options);
    await this.#relisten(options);
    return {};
  }

  async listen(
    session: SessionView,
    filter: Filter,
    client: Client,
    options: RequestOptions,
  ): Promise<McpSubscription> {
    const wanted = { session, filter };
    this.#listens.add(wanted);
    let finish: (how: "local") => void = () => {};
    const closed = new Promise<"local">((resolve) => {
      finish = resolve;
    });
    try {
      if (isLegacy(client)) {
        for (const uri of filter.resourceSubscriptions ?? [])
          await this.subscribe(session, { uri }, client, options);
      } else await this.#relisten(options);
    } catch (error) {
      this.#listens.delete(wanted);
      throw error;
    }
    const close = async () => {
      if (!this.#listens.delete(wanted)) return;
      finish("local");
      const ready = this.current();
      if (!ready) return;
      if (isLegacy(ready.client)) {
        for (const uri of filter.resourceSubscriptions ?? [])
          await this.unsubscribe(session, { uri }, ready.client, {});
      } else await this.#relisten({});
    };
    return { honoredFilter: this.#stream?.handle.honoredFilter ?? filter, close, closed };
  }

  /** Withdraws what an ended session declared. */
  drop(session: SessionView): void {
    for (const wanted of this.#listens) if (wanted.session === session) this.#listens.delete(wanted);
    const left = [...this.#uris.keys()].filter((uri) => this.#release(session, uri));
    const ready = this.current();
    if (!ready || (left.length === 0 && isLegacy(ready.client))) return;
    if (!isLegacy(ready.client)) return void this.#relisten({}).catch(() => {});
    for (const uri of left) ready.client.unsubscribeResource({ uri }).catch(() => {});
  }

  /** The most verbose level that an open session asked for. */
  logLevel(): LoggingLevel | undefined {
    const asked = [...this.sessions]
      .map((session) => session.logLevel)
      .filter((level) => level !== undefined);
    return asked.sort((a, b) => LEVELS.indexOf(a) - LEVELS.indexOf(b))[0];
  }

  /** Says again to a new epoch what the open sessions declared. What fails is reported, not fatal. */
  async restore(ready: Ready, options: RequestOptions, report: (error: Error) => void): Promise<void> {
    const { client } = ready;
    if (!isLegacy(client)) return;
    const level = this.logLevel();
    const again: Promise<unknown>[] = [];
    if (level && client.getServerCapabilities()?.logging) again.push(client.setLoggingLevel(level, options));
    for (const uri of this.#uris.keys()) again.push(client.subscribeResource({ uri }, options));
    for (const result of await Promise.allSettled(again))
      if (result.status === "rejected") report(result.reason);
  }

  /** Opens the listen stream of a modern connection; it is reopened until the epoch ends. */
  start(ready: Ready): void {
    this.stop();
    this.#failed = 0;
    if (!isLegacy(ready.client)) this.#relisten({}).catch(() => {});
  }

  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#stream = undefined;
    this.#tell("none");
  }

  #release(session: SessionView, uri: string): boolean {
    const holders = this.#uris.get(uri);
    if (!holders?.delete(session) || holders.size > 0) return false;
    return this.#uris.delete(uri);
  }

  #filter(client: Client): Filter {
    const { tools, prompts, resources } = client.getServerCapabilities() ?? {};
    const uris = new Set(this.#uris.keys());
    for (const { filter } of this.#listens)
      for (const uri of filter.resourceSubscriptions ?? []) uris.add(uri);
    return {
      ...(tools?.listChanged && { toolsListChanged: true }),
      ...(prompts?.listChanged && { promptsListChanged: true }),
      ...(resources?.listChanged && { resourcesListChanged: true }),
      ...(uris.size > 0 && { resourceSubscriptions: [...uris].sort() }),
    };
  }

  async #relisten(options: RequestOptions): Promise<void> {
    const ready = this.current();
    if (!ready || isLegacy(ready.client)) return;
    const filter = this.#filter(ready.client);
    const key = JSON.stringify(filter);
    const old = this.#stream;
    if (old?.ready === ready && old.key === key) return;
    this.clock.clearTimeout(this.#timer);
    if (Object.keys(filter).length === 0) {
      this.stop();
      return old?.handle.close();
    }
    try {
      const handle = await ready.client.listen(filter, options);
      // Race: the epoch ended while the server acknowledged.
      if (this.current() !== ready) return;
      this.#stream = { ready, key, handle };
      this.#failed = 0;
      this.#tell("open");
      void handle.closed.then((how) => how !== "local" && this.#ended(ready, handle));
      await old?.handle.close();
    } catch (error) {
      if (this.current() === ready && !options.signal?.aborted) this.#retry(ready, error);
      throw error;
    }
  }

  #ended(ready: Ready, handle: McpSubscription): void {
    if (this.current() !== ready || this.#stream?.handle !== handle) return;
    this.#stream = undefined;
    this.#retry(ready, undefined);
  }

  #retry(ready: Ready, error: unknown): void {
    const unsupported = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
    this.#tell(unsupported ? "none" : "lost");
    if (unsupported) return;
    const wait = backoffDelay(++this.#failed + 1, Math.random(), DEFAULT_BACKOFF);
    this.#timer = this.clock.setTimeout(() => {
      if (this.current() === ready) this.#relisten({}).catch(() => {});
    }, wait);
  }

  #tell(listening: Listening): void {
    if (this.listening === listening) return;
    this.listening = listening;
    this.onListening(listening);
  }
}

const isLegacy = (client: Client): boolean => client.getProtocolEra() !== "modern";
