import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  type RequestId,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { factsOf } from "../contract/methods.js";
import { canonical, isSame } from "./canonical.js";
import { type Answer, CANCELLED, type Exchange, type Script } from "./script.js";
import { unrecorded } from "./unrecorded.js";

/** Asked whatever the client is called and can do; the server's answer says what counts. */
const HANDSHAKE = new Set(["initialize", "server/discover"]);

/** Plays the server's side of a recording to one client, from its beginning. */
export class Player {
  readonly #left: Exchange[];
  readonly #played: Exchange[] = [];
  /** The ids and progress tokens of this client, by those of the recording. */
  readonly #ids = new Map<unknown, RequestId>();
  readonly #tokens = new Map<unknown, unknown>();
  /** Questions of the server that the client has not answered. */
  readonly #questions = new Map<RequestId, () => void>();
  #questionsAsked = 0;
  /** The ids of the questions as they were asked here, by those of the recording. */
  readonly #asked = new Map<unknown, RequestId>();

  constructor(
    private readonly name: string,
    private readonly script: Script,
    private readonly side: Pick<Transport, "send">,
    private readonly onPlayed: (exchange: Exchange) => void,
  ) {
    this.#left = [...script.exchanges];
  }

  receive(message: JSONRPCMessage): void {
    if (!("method" in message)) {
      const id = message.id ?? "";
      this.#questions.get(id)?.();
      this.#questions.delete(id);
    } else if ("id" in message) this.#request(message);
    else {
      const exchange = this.#take(({ id, method }) => id === undefined && method === message.method);
      if (exchange) void this.#play(exchange, undefined);
    }
  }

  #request(request: JSONRPCRequest): void {
    const { method } = request;
    const params = canonical(request.params);
    const isIt = (one: Exchange) =>
      one.id !== undefined && one.method === method && (HANDSHAKE.has(method) || isSame(one.params, params));
    const exchange = this.#take(isIt);
    if (exchange) void this.#play(exchange, request);
    else this.#say(this.#again(request, params, isIt));
  }

  /** The answer to what the recording has no more of, or never had. */
  #again(request: JSONRPCRequest, params: string, isIt: (exchange: Exchange) => boolean): Answer {
    const { id, method } = request;
    // What only reads is told again what it was told last.
    const before =
      factsOf(method).repeatable || HANDSHAKE.has(method) ? this.#played.findLast(isIt) : undefined;
    if (before?.answer) return { ...before.answer, id };
    // Whether there still is somebody is asked by the clock, not by the program.
    if (method === "ping") return { jsonrpc: "2.0", id, result: {} };
    return { jsonrpc: "2.0", id, error: unrecorded(this.name, this.script, { method, params }) };
  }

  #take(isIt: (exchange: Exchange) => boolean): Exchange | undefined {
    const at = this.#left.findIndex(isIt);
    if (at < 0) return undefined;
    const [exchange] = this.#left.splice(at, 1);
    this.#played.push(exchange!);
    this.onPlayed(exchange!);
    return exchange;
  }

  /** Says what was said, in its order. What followed a question of the server waits for its answer, if one was given. */
  async #play(exchange: Exchange, request: JSONRPCRequest | undefined): Promise<void> {
    if (request) {
      this.#ids.set(exchange.id, request.id);
      const { progressToken } = fieldsOf(fieldsOf(request.params)["_meta"]);
      if (exchange.progressToken !== undefined) this.#tokens.set(exchange.progressToken, progressToken);
    }
    for (const message of exchange.said) {
      if (!("method" in message)) this.#say({ ...message, id: request!.id });
      else if ("id" in message) {
        const answer = this.#ask(message);
        if (exchange.answered.has(message.id)) await answer;
      } else this.#notify(message);
    }
  }

  #ask(question: JSONRPCRequest): Promise<void> {
    const id = `recorded-${++this.#questionsAsked}`;
    this.#asked.set(question.id, id);
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      this.#say({ ...question, id });
    });
  }

  /** A notification that names a request is for the one of this client, and for nobody where there is none. */
  #notify(message: Extract<JSONRPCMessage, { method: string }>): void {
    const params = fieldsOf(message.params);
    const meta = fieldsOf(params["_meta"]);
    const changed: Record<string, unknown> = { ...params };
    if (params["progressToken"] !== undefined) {
      changed["progressToken"] = this.#tokens.get(params["progressToken"]);
      if (changed["progressToken"] === undefined) return;
    }
    if (message.method === CANCELLED) {
      const id = this.#asked.get(params["requestId"]);
      if (id === undefined) return;
      changed["requestId"] = id;
    }
    if (meta[SUBSCRIPTION_ID_META_KEY] !== undefined) {
      const id = this.#ids.get(meta[SUBSCRIPTION_ID_META_KEY]);
      if (id === undefined) return;
      changed["_meta"] = { ...meta, [SUBSCRIPTION_ID_META_KEY]: id };
    }
    this.#say({ ...message, ...(message.params && { params: changed }) });
  }

  #say(message: JSONRPCMessage): void {
    // A client that is gone is told nothing.
    void this.side.send(message).catch(() => {});
  }
}
