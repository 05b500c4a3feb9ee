import { type ClientCapabilities, createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import { controllerForMany, whenAborted } from "../base/abort.js";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";
import { Gateway } from "../gateway/gateway.js";
import type { Upstream } from "../gateway/presented.js";
import { PresentedSession } from "../gateway/presented-session.js";
import { openRelayedSession } from "../gateway/relayed-session.js";
import type { Clock } from "../machines/clock.js";
import type { FollowedClients } from "./followed-clients.js";
import { openToAll } from "./open-to-all.js";

/** Calls in which a server may ask, at once. */
const MAX_CONNECTIONS = 16;

/** A connection for one call at a time, so that a question of its server can belong to no other call. */
interface Asked {
  key: string;
  handler: McpHttpHandler;
  close(): Promise<void>;
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

  constructor(
    private readonly clients: FollowedClients,
    private readonly settings: { maxBodyBytes: number; idleMs: number },
    private readonly clock: Clock,
    private readonly report: (message: string) => void,
  ) {}

  /** The answer; undefined: there are as many connections as there may be. */
  async fetch(
    request: Request,
    parsedBody: unknown,
    { capabilities, state }: { capabilities: ClientCapabilities; state: unknown },
  ): Promise<Response | undefined> {
    const asked = await this.#take(capabilities, state);
    if (!asked) return undefined;
    this.clock.clearTimeout(asked.abandoned);
    asked.state = undefined;
    // A client that is gone before it was answered comes back for nothing.
    asked.stop = whenAborted(request.signal, () => void this.#drop(asked));
    return asked.handler.fetch(request, { parsedBody });
  }

  async close(): Promise<void> {
    this.#over.abort(new Error("holdfast serve ended"));
    await Promise.all([...this.#all].map((asked) => this.#drop(asked)));
  }

  async #take(capabilities: ClientCapabilities, state: unknown): Promise<Asked | undefined> {
    const parked = [...this.#all].find((one) => one.state !== undefined && one.state === state);
    if (parked) return parked;
    const key = JSON.stringify(capabilities);
    const at = this.#idle.findLastIndex((one) => one.key === key);
    if (at !== -1) return this.#idle.splice(at, 1)[0];
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
    const asked: Asked = { key, handler, close, state: undefined, abandoned: undefined, stop: () => {} };
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
    asked.stop();
    const { resultType, requestState } = fieldsOf(fieldsOf(answer)["result"]);
    if (resultType === "input_required" && typeof requestState === "string") {
      asked.state = requestState;
      asked.abandoned = this.clock.setTimeout(() => void this.#drop(asked), this.settings.idleMs);
    } else if (this.#all.has(asked)) this.#idle.push(asked);
  }

  async #drop(asked: Asked): Promise<void> {
    if (!this.#all.delete(asked)) return;
    this.clock.clearTimeout(asked.abandoned);
    const at = this.#idle.indexOf(asked);
    if (at !== -1) this.#idle.splice(at, 1);
    await asked.close();
  }
}
