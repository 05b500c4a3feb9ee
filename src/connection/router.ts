import {
  type Client,
  type ClientContext,
  type JSONRPCNotification,
  type JSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
} from "@modelcontextprotocol/client";
import type { Participant } from "../session/ports.js";
import type { Guard } from "../wires/guard.js";

/** The requests that a modern server embeds in its answers; the SDK looks their handlers up by name. */
const EMBEDDED = ["sampling/createMessage", "elicitation/create", "roots/list"] as const;
/** What concerns one call only, and is the business of the Client that made it. */
const PRIVATE = new Set([
  "notifications/progress",
  "notifications/cancelled",
  "notifications/subscriptions/acknowledged",
]);

/** Brings what the server says to the open sessions of a connection. */
export class Router {
  constructor(private readonly sessions: ReadonlySet<Participant>) {}

  /** Registers the way to the sessions on the Client of a new epoch. */
  attach(client: Client, guard: () => Guard | undefined): void {
    const route = (request: JSONRPCRequest, ctx: ClientContext) => this.#answer(request, ctx, guard());
    for (const method of EMBEDDED) {
      try {
        client.setRequestHandler(method, ((request: JSONRPCRequest, ctx: ClientContext) =>
          route(request, ctx)) as never);
      } catch {
        // The capability was not declared, so the server may not ask.
      }
    }
    client.fallbackRequestHandler = route;
    client.onerror = (error) => {
      for (const session of this.sessions) session.report(error);
    };
  }

  notify(notification: JSONRPCNotification): void {
    if (PRIVATE.has(notification.method)) return;
    for (const session of this.sessions) session.deliver(notification);
  }

  /** To the only session with calls in flight, else to the newest with that handler. */
  async #answer(request: JSONRPCRequest, ctx: ClientContext, guard: Guard | undefined): Promise<Result> {
    const able = [...this.sessions].filter((session) => session.handles(request.method));
    const busy = able.filter((session) => guard?.serves(session));
    const session = busy.length === 1 ? busy[0] : able.at(-1);
    if (!session)
      throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `no open session handles ${request.method}`);
    return session.answer(request, ctx);
  }
}
