import { type ClientCapabilities, createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import { controllerForMany, whenAborted } from "../base/abort.js";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";
import { Gateway } from "../gateway/gateway.js";
import type { Upstream } from "../gateway/presented.js";
import { PresentedSession } from "../gateway/presented-session.js";
import { openRelayedSession } from "../gateway/relayed-session.js";
import type { Clock } from "../machines/clock.js";
import { Endings } from "./endings.js";
import type { FollowedClients } from "./followed-clients.js";
import { openToAll } from "./open-to-all.js";
import { whenRead } from "./when-read.js";

/** Calls in which a server may ask, at once. */
const MAX_CONNECTIONS = 16;

/** A connection for one call at a time, so that a question of its server can belong to no other call. */
interface Asked {
  key: string;
  handler: McpHttpHandler;
  close(): Promise<void>;
  /** The request that is on its way, until it is answered. */
  turn: object | undefined;
  /** Of the call that waits for its client's answers. */
  state: string | undefined;
  abandoned: unknown;
  /** Stops looking whether its client is gone. */
  stop(): void;
}

/**
 * The calls of modern clients that can be asked, on their way to a legacy server. Each has a connection to itself until it
 * is done, over all its rounds; the next call takes it over.
 */
export class AskedCalls {
  readonly #all = new Set<Asked>();
  readonly #idle: Asked[] = [];
  readonly #over = controllerForMany();
  readonly #endings: Endings;

  constructor(
    private readonly clients: FollowedClients,
    private readonly settings: { maxBodyBytes: number; idleMs: number },
    private readonly clock: Clock,
    private readonly report: (message: string) => void,
  ) {
    this.#endings = new Endings(report);
  }

  /** The answer; undefined: there are as many connections as there may be. */
  async fetch(
    request: Request,
    parsedBody: unknown,
    { capabilities, state }: { capabilities: ClientCapabilities; state: unknown },
  ): Promise<Response | undefined> {
    const waiting = this.#back(state);
    const asked = waiting ?? (await this.#take(capabilities));
    if (!asked) return undefined;
    const parked = waiting && String(state);
    const turn = {};
    asked.turn = turn;
    // A client that is gone before it was answered comes back for nothing.
    const gone = () => {
      if (asked.turn === turn) this.#leave(asked);
    };
    asked.stop = whenAborted(request.signal, gone);
    try {
      const response = await asked.handler.fetch(request, { parsedBody });
      if (isStream(response)) return whenRead(response, gone);
      if (asked.turn === turn && wasRefused(response)) this.#free(asked, parked);
      else gone();
      return response;
    } catch (error) {
      gone();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#over.abort(new Error("holdfast serve ended"));
    for (const asked of this.#all) this.#leave(asked);
    await this.#endings.all();
  }

  /** The connection of the call that waits under this state. Nobody else finds it any more. */
  #back(state: unknown): Asked | undefined {
    const asked = [...this.#all].find((one) => one.state !== undefined && one.state === state);
    if (!asked) return undefined;
    this.clock.clearTimeout(asked.abandoned);
    asked.state = undefined;
    return asked;
  }

  async #take(capabilities: ClientCapabilities): Promise<Asked | undefined> {
    const key = JSON.stringify(capabilities);
    const at = this.#idle.findLastIndex((one) => one.key === key);
    const [idle] = at === -1 ? [] : this.#idle.splice(at, 1);
    if (idle) {
      this.clock.clearTimeout(idle.abandoned);
      return idle;
    }
    const oldest = this.#all.size >= MAX_CONNECTIONS ? this.#idle.shift() : undefined;
    if (oldest) await this.#drop(oldest);
    return this.#all.size < MAX_CONNECTIONS ? this.#open(capabilities, key) : undefined;
  }

  async #open(capabilities: ClientCapabilities, key: string): Promise<Asked> {
    const handle = this.clients.transport.fork();
    let session: Session | undefined;
    const upstream: Upstream & { session: Session } = {
      name: this.clients.transport.name,
      timeoutMs: 0,
      get session() {
        return session!;
      },
      opened: async () => session!,
    };
    const gateway = new Gateway({
      presented: new PresentedSession(upstream),
      contextOf: () => undefined,
      report: this.report,
    });
    const handler = createMcpHandler(
      ({ requestInfo }) =>
        openToAll(gateway.make(), (answer) => {
          this.clients.answered(requestInfo, answer);
          this.#answered(asked, answer);
        }),
      {
        legacy: "reject",
        maxRequestBodySize: this.settings.maxBodyBytes,
        onerror: ({ message }) => this.report(message),
      },
    );
    const close = async () => {
      gateway.close();
      await handler.close();
      await session?.close();
      await handle.close();
    };
    const none = { turn: undefined, state: undefined, abandoned: undefined };
    const asked: Asked = { key, handler, close, ...none, stop: () => {} };
    this.#all.add(asked);
    try {
      const { signal } = this.#over;
      session = await openRelayedSession(handle, upstream, {
        clientInfo: undefined,
        capabilities,
        gateway,
        signal,
      });
      // What may be repeated after a loss is known from this list, which its clients read on the connection that all share.
      if (session.getServerCapabilities()?.tools)
        await session.listTools(undefined, { signal }).catch(() => {});
      return asked;
    } catch (error) {
      await this.#drop(asked);
      throw error;
    }
  }

  /** What the client gets: questions, for which it comes back, or the end of the call. */
  #answered(asked: Asked, answer: object): void {
    const { resultType, requestState } = fieldsOf(fieldsOf(answer)["result"]);
    const asks = resultType === "input_required" && typeof requestState === "string";
    this.#free(asked, asks ? requestState : undefined);
  }

  /** `state`: of the call that has it still, and waits for its client. */
  #free(asked: Asked, state: string | undefined): void {
    asked.stop();
    asked.turn = undefined;
    if (!this.#all.has(asked)) return;
    asked.state = state;
    if (state === undefined) this.#idle.push(asked);
    // As many as ran at once would be there for good, each with its process.
    asked.abandoned = this.clock.setTimeout(() => this.#leave(asked), this.settings.idleMs);
  }

  #leave(asked: Asked): void {
    this.#endings.add(this.#drop(asked));
  }

  async #drop(asked: Asked): Promise<void> {
    if (!this.#all.delete(asked)) return;
    asked.turn = undefined;
    asked.stop();
    this.clock.clearTimeout(asked.abandoned);
    const at = this.#idle.indexOf(asked);
    if (at !== -1) this.#idle.splice(at, 1);
    await asked.close();
  }
}

const isStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;

/** Its handler did not like the request, and gave it to no server. 499: the connection was closed meanwhile. */
const wasRefused = ({ status }: Response): boolean => status < 499;
