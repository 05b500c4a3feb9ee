import {
  type JSONRPCMessage,
  type MessageExtraInfo,
  ProtocolErrorCode,
  type Transport,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { controllerForMany } from "../base/abort.js";
import { isHoldfastError, messageOf } from "../base/errors.js";
import type { SdkTransport } from "../contract/door.js";
import type { Session, TransportHandle } from "../contract/session.js";
import type { ConnectionStatus } from "../contract/status.js";
import { type Introduction, inPlainWords, introductionIn } from "./downstream.js";
import { Gateway } from "./gateway.js";
import { Listened } from "./listened.js";
import type { Upstream } from "./presented.js";
import { PresentedSession } from "./presented-session.js";
import { askable, openRelayedSession } from "./relayed-session.js";

/** What the clients of one transport share. */
export interface AroundDoor {
  onClosed?(): void;
  /** The era of the server, as a client before this one found it on a connection of its own. */
  found?: { era?: ConnectionStatus["era"] };
}

const NOBODY: Introduction = { id: undefined, clientInfo: undefined, capabilities: {} };

/**
 * One client in front of a transport of ours. It has a handshake, a session and questions of its own, and lives across
 * whatever happens to the server. Its session is opened with its first request, which says what it can be asked.
 */
export class Door {
  readonly #over = controllerForMany();
  readonly #listened: Listened;
  #introduction = NOBODY;
  #gateway: Gateway | undefined;
  #opening: Promise<Session> | undefined;
  #fork: TransportHandle | undefined;
  #handle: { close(): Promise<void> } | undefined;

  constructor(
    private readonly transport: TransportHandle,
    private readonly downstream: SdkTransport,
    private readonly around: AroundDoor = {},
  ) {
    this.#listened = new Listened((added, dropped) => {
      this.#gateway?.listen(added, dropped).catch((error: unknown) => this.#report(messageOf(error)));
    });
  }

  /** Settles when it listens. What goes wrong with the transport of the client is told to its `onerror`. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#handle = serveStdio(() => this.#server(), {
        transport: this.#inner((starting) => starting.then(resolve, reject)),
        onerror: (error) => this.downstream.onerror?.(error),
      });
    });
  }

  /** Ends the client's session, and its end of the transport. */
  async close(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error("the client is gone"));
    this.#gateway?.close();
    const session = await this.#opening?.catch(() => undefined);
    await session?.close();
    await this.#fork?.close();
    await this.#handle?.close();
    this.around.onClosed?.();
  }

  /** The client's transport, as the SDK's server sees it. */
  #inner(onStart: (starting: Promise<void>) => void): Transport {
    const { downstream } = this;
    const inner: Transport = {
      start: async () => {
        downstream.onmessage = (message: JSONRPCMessage, extra?: MessageExtraInfo) => {
          this.#note(message);
          inner.onmessage?.(message, extra);
        };
        downstream.onclose = () => {
          inner.onclose?.();
          void this.close();
        };
        const starting = downstream.start();
        onStart(starting);
        await starting;
      },
      send: (message, options) => {
        if (!("method" in message) && message.id !== undefined) this.#listened.end(message.id);
        return downstream.send(inPlainWords(message), options);
      },
      close: () => downstream.close(),
    };
    return inner;
  }

  #note(message: JSONRPCMessage): void {
    if (!this.#opening) this.#introduction = introductionIn(message) ?? this.#introduction;
    if (!("method" in message)) return;
    if (message.method === "notifications/cancelled") {
      const id = message.params?.["requestId"];
      if (typeof id === "string" || typeof id === "number") this.#listened.end(id);
    }
    if (message.method !== "subscriptions/listen" || !("id" in message)) return;
    const { notifications } = (message.params ?? {}) as {
      notifications?: { resourceSubscriptions?: string[] };
    };
    this.#listened.begin(message.id, notifications?.resourceSubscriptions ?? []);
  }

  async #server() {
    try {
      this.#opening ??= this.#openSession();
      await this.#opening;
      return this.#gateway!.make();
    } catch (error) {
      await this.#refuse(error);
      throw error;
    }
  }

  async #openSession(): Promise<Session> {
    let session: Session | undefined;
    const upstream: Upstream & { session: Session } = {
      name: this.transport.name,
      timeoutMs: 0,
      get session() {
        return session!;
      },
      opened: async () => session!,
    };
    const gateway = new Gateway({
      presented: new PresentedSession(upstream),
      contextOf: () => undefined,
      capabilities: () => askable(this.#introduction.capabilities),
      report: (message) => this.#report(message),
    });
    this.#gateway = gateway;
    const handle = this.#ownHandle();
    // On a connection that others share the handshake is over, or is everybody's: a modern server hears of each client with its requests.
    const { clientInfo, capabilities } = handle === this.transport ? NOBODY : this.#introduction;
    session = await openRelayedSession(handle, upstream, {
      clientInfo,
      capabilities: askable(capabilities),
      gateway,
      signal: this.#over.signal,
    });
    session.onclose = () => void this.close();
    const { found } = this.around;
    if (found) found.era = handle.status.era;
    return session;
  }

  /** Who can be asked has a connection of its own, so that no question can reach another client. */
  #ownHandle(): TransportHandle {
    const asked = Object.keys(askable(this.#introduction.capabilities)).length > 0;
    const era = this.transport.status.era ?? this.around.found?.era;
    if (!asked || era === "modern") return this.transport;
    this.#fork = this.transport.fork();
    return this.#fork;
  }

  /** The client hears why there is no server, as the answer to its handshake. */
  async #refuse(error: unknown): Promise<void> {
    const { id } = this.#introduction;
    if (id === undefined) return;
    const message = messageOf(error);
    const answer = {
      jsonrpc: "2.0",
      id,
      error: { code: ProtocolErrorCode.InternalError, message, data: error },
    };
    const plain = isHoldfastError(error)
      ? inPlainWords(answer)
      : { ...answer, error: { code: ProtocolErrorCode.InternalError, message } };
    await this.downstream.send(plain).catch(() => {});
    // Once this answer is on its way: whoever asked may ask anew on another connection.
    queueMicrotask(() => void this.close());
  }

  #report(message: string): void {
    this.downstream.onerror?.(new Error(message));
  }
}
