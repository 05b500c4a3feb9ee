import {
  type JSONRPCErrorResponse,
  type JSONRPCRequest,
  type JSONRPCResultResponse,
  PROTOCOL_VERSION_META_KEY,
  type RequestId,
} from "@modelcontextprotocol/client";
import type { AskedCall } from "../contract/asking.js";
import { STANDING } from "../contract/protocol.js";
import { Abandoned } from "./abandoned.js";
import type { PlainCallResult } from "./answers/result.js";
import type { CallTag } from "./call-tag.js";

/** Takes the answer to one request. `plain`: its result, where that is the plain one of a tool. */
export type OnAnswer = (
  message: JSONRPCResultResponse | JSONRPCErrorResponse,
  plain: PlainCallResult | undefined,
) => void;

/** One request that was sent and has no answer yet. */
export class Entry {
  readonly method: string;
  /** Of a list: where in it the page begins; undefined: the first one. */
  readonly cursor?: unknown;
  /** Of the 2026-07-28 revision. */
  readonly modern: boolean;
  /** Only on wires with a stream per request: closes that stream. */
  stream: { abort(): void } | undefined = undefined;
  /** The server refused it for lack of a credential; it is sent again once there is one. */
  parked = false;

  /** @param onAnswer undefined: the answer is the Client's */
  constructor(
    { method, params }: JSONRPCRequest,
    readonly call: CallTag | undefined,
    readonly onAnswer: OnAnswer | undefined,
  ) {
    this.method = method;
    this.cursor = params?.["cursor"];
    this.modern = params?._meta?.[PROTOCOL_VERSION_META_KEY] !== undefined;
  }
}

/** The requests in flight on one wire. */
export class Ledger implements Iterable<[RequestId, Entry]> {
  readonly #entries = new Map<RequestId, Entry>();
  #listens = 0;
  readonly #abandoned = new Abandoned();

  /** Requests without an answer yet, streams that only listen left out. */
  get inFlight(): number {
    return this.#entries.size - this.#listens;
  }

  /** The one request in flight, if there is just one; streams that only listen are left out. */
  get only(): RequestId | undefined {
    if (this.inFlight !== 1) return undefined;
    for (const [id, { method }] of this.#entries) if (method !== STANDING) return id;
    return undefined;
  }

  add(id: RequestId, entry: Entry): void {
    this.#entries.set(id, entry);
    if (entry.method === STANDING) this.#listens++;
  }

  get(id: RequestId): Entry | undefined {
    return this.#entries.get(id);
  }

  has(id: RequestId): boolean {
    return this.#entries.has(id);
  }

  /** The server refused it for lack of a credential, so it has not done it. */
  park(id: RequestId): void {
    const entry = this.#entries.get(id);
    if (entry) entry.parked = true;
  }

  /** A parked request is to be sent again. False where it is not in flight any more. */
  resume(id: RequestId): boolean {
    const entry = this.#entries.get(id);
    if (entry) entry.parked = false;
    return entry !== undefined;
  }

  remove(id: RequestId): Entry | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    if (entry.method === STANDING) this.#listens--;
    return entry;
  }

  /** Nobody waits for its answer any more; until that comes, the server may be working at it. */
  abandon(id: RequestId): Entry | undefined {
    const entry = this.remove(id);
    if (!entry?.call) return entry;
    this.#abandoned.add(id, entry.call);
    return entry;
  }

  /** An answer came that nobody waited for. */
  late(id: unknown): void {
    if (typeof id !== "number" && typeof id !== "string") return;
    if (!this.#abandoned.delete(id) && typeof id === "string") this.#abandoned.delete(Number(id));
  }

  /**
   * The calls at which the server may be working, also those of ended sessions; `undefined`: there were too many to know. Those
   * for which nobody waits are first: a server that keeps to the protocol never answers them, and they stay here.
   */
  working(): AskedCall[] | undefined {
    const abandoned = this.#abandoned.calls();
    if (!abandoned) return undefined;
    const waiting = [...this.#entries.values()].flatMap(({ call }) => call ?? []);
    return [...abandoned, ...waiting];
  }

  /** The request that an answer's id means; undefined if it is not in flight. */
  idOf(id: unknown): RequestId | undefined {
    if (typeof id === "number") return this.#entries.has(id) ? id : undefined;
    if (typeof id !== "string") return undefined;
    if (this.#entries.has(id)) return id;
    // Some servers answer the number 5 with the text "5".
    const number = /^\d+$/.test(id) ? Number(id) : undefined;
    return number !== undefined && this.#entries.has(number) ? number : undefined;
  }

  /** Those of one session, as they are now. */
  of(session: object): [RequestId, Entry][] {
    return [...this].filter(([, { call }]) => call?.session === session);
  }

  /** All of them, as they are now: entries may be removed while they are gone through. */
  *[Symbol.iterator](): Iterator<[RequestId, Entry]> {
    yield* [...this.#entries];
  }
}
