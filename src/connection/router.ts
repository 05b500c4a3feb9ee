import {
  type Client,
  type ClientContext,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type ListRootsResult,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
} from "@modelcontextprotocol/client";
import { Breaches } from "../base/breaches.js";
import { fieldsOf } from "../base/fields.js";
import { ANY_RESULT } from "../contract/any-result.js";
import { askingOf } from "../contract/asking.js";
import { QUESTIONS } from "../contract/methods.js";
import { SERVER_ERROR } from "../contract/protocol.js";
import type { Participant } from "../session/ports.js";
import type { CALL, Carried } from "../wires/call-tag.js";
import type { Guard } from "../wires/guard.js";
import type { AnswerAtOnce } from "../wires/inbound.js";
import { askerOf } from "./asker.js";

/** What concerns one call only, and is the business of the Client that made it. */
const PRIVATE = new Set([
  "notifications/progress",
  "notifications/cancelled",
  "notifications/subscriptions/acknowledged",
]);
/** What belongs to the session whose call carried it, where one did. */
const OF_A_CALL = new Set(["notifications/message"]);

/** What the connection itself, or the Client of its epoch, listens to. */
const OF_THE_CONNECTION =
  /^notifications\/((progress|cancelled)$|(tools|prompts|resources|roots|subscriptions|tasks|elicitation)(\/|$))/;

export interface RouterHost {
  name: string;
  /** A question of the server was put to nobody. */
  onWarning(message: string): void;
  /** How many requests of the server are answered at once. */
  maxServerRequests: number;
}

/** Brings what the server says to the open sessions of a connection. */
export class Router {
  #answering = 0;
  readonly #breaches = new Breaches((message) => this.host.onWarning(message));

  constructor(
    private readonly sessions: ReadonlySet<Participant>,
    private readonly host: RouterHost,
  ) {}

  /** Registers the way to the sessions on the Client of a new epoch. */
  attach(client: Client, guard: Pick<Guard, "working">): void {
    const route = (request: JSONRPCRequest, ctx: ClientContext) =>
      this.#inTurn(request.method, () => this.#answer(request, ctx, guard));
    // A modern server embeds them in its answers, and the SDK looks their handlers up by name.
    for (const method of QUESTIONS) {
      try {
        client.setRequestHandler(method, { params: ANY_RESULT }, (params, ctx) =>
          route({ jsonrpc: "2.0", id: ctx.mcpReq.id, method, params: fieldsOf(params) }, ctx),
        );
      } catch {
        // The capability was not declared, so the server may not ask.
      }
    }
    client.fallbackRequestHandler = route;
    client.onerror = (error) => {
      for (const session of this.sessions) session.report(error);
    };
  }

  /** Whether anybody listens to such notifications of the server. */
  isHeard(method: string): boolean {
    if (OF_THE_CONNECTION.test(method)) return true;
    for (const session of this.sessions) if (session.hears(method)) return true;
    return false;
  }

  notify(notification: JSONRPCNotification, carrier?: Carried[typeof CALL]): void {
    const { method } = notification;
    if (PRIVATE.has(method)) return;
    const only = carrier && carrier !== "own" && OF_A_CALL.has(method) ? carrier.session : undefined;
    for (const session of this.sessions) if (!only || only === session) session.deliver(notification);
  }

  /**
   * What a request is answered without asking anybody: a ping, and what is one too many. A server that asks by thousands must not
   * have as many handlers at work, or as many questions to a person.
   */
  atOnce(method: string): AnswerAtOnce | undefined {
    return method === "ping" ? { result: {} } : this.#refusal(method);
  }

  #refusal(method: string): { error: { code: number; message: string } } | undefined {
    const { name, maxServerRequests } = this.host;
    if (this.#answering < maxServerRequests) return undefined;
    const busy = `${maxServerRequests.toLocaleString("en")} requests of the server are being answered`;
    this.#breaches.note(`${name}: ${method} was refused: ${busy}`);
    return { error: { code: SERVER_ERROR, message: `busy: ${busy}` } };
  }

  async #inTurn(method: string, answer: () => Promise<Result>): Promise<Result> {
    // What comes in the answer to a call passes here only.
    const refused = this.#refusal(method);
    if (refused) throw new ProtocolError(refused.error.code, refused.error.message);
    this.#answering++;
    try {
      return await answer();
    } finally {
      this.#answering--;
    }
  }

  async #answer(request: JSONRPCRequest, ctx: ClientContext, guard: Pick<Guard, "working">): Promise<Result> {
    const { method } = request;
    const asking = askingOf(ctx);
    const working = guard.working();
    const asked = askerOf({ method, call: asking?.call, working }, this.sessions);
    if (asked.kind === "one") {
      const { session } = asked;
      if (asking && working) asking.working = working.filter((call) => call.session === session);
      return session.answer(request, ctx);
    }
    if (asked.kind === "union") {
      const answers = asked.sessions.map((session) => session.answer(request, ctx));
      const roots = unionOf((await Promise.all(answers)) as ListRootsResult[]);
      if (roots) return { roots };
    } else if (asked.why === "unhandled")
      throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `no open session handles ${method}`);
    this.host.onWarning(
      `${this.host.name} asked ${method}, and several sessions could be meant: nobody was asked. Use transport.fork() for a connection of its own`,
    );
    throw new ProtocolError(
      ProtocolErrorCode.InvalidRequest,
      `several sessions share this connection, and none of their calls carries ${method}`,
    );
  }
}

/** The roots of all; undefined where they do not agree on one. */
function unionOf(answers: readonly ListRootsResult[]): ListRootsResult["roots"] | undefined {
  const union = new Map<string, ListRootsResult["roots"][number]>();
  for (const root of answers.flatMap(({ roots }) => roots)) {
    const known = union.get(root.uri);
    if (known && known.name !== root.name) return undefined;
    union.set(root.uri, root);
  }
  return [...union.values()];
}
