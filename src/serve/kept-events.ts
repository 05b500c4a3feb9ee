import { AsyncLocalStorage } from "node:async_hooks";
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";
import { SERVER_ERROR } from "../contract/protocol.js";

type Id = string | number;

interface Kept {
  id: string;
  stream: string;
  message: JSONRPCMessage;
  bytes: number;
}

/** The SDK's name of the stream that belongs to no request. */
const STANDING_STREAM = "_GET_stream";
/** So many requests that run, and cancelled ones, are known of one client. */
const MAX_REQUESTS = 10_000;
/** At the end of the id of an answer. */
const END = ".end";
/** A header holds no more of a request's id. */
const MAX_REQUEST_ID = 200;

/**
 * Which request a stream is opened for. One for all clients: Node 20 keeps each such storage for good once it was used, and
 * writes its value on every promise of the program.
 */
const handled = new AsyncLocalStorage<{ events: KeptEvents; requestId: Id }>();

/** What all sessions of an endpoint may keep together, so that many clients cannot fill the program. */
export class EventBudget {
  readonly #stores = new Set<KeptEvents>();
  #bytes = 0;

  constructor(private readonly maxBytes = 64 * 1024 * 1024) {}

  join(store: KeptEvents): void {
    this.#stores.add(store);
  }

  leave(store: KeptEvents): void {
    if (this.#stores.delete(store)) this.#bytes -= store.bytes;
  }

  /** Whoever keeps most gives first. */
  changed(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > this.maxBytes) {
      const largest = [...this.#stores].reduce((most, store) => (store.bytes > most.bytes ? store : most));
      if (largest.bytes === 0) return;
      largest.dropOldest();
    }
  }
}

/** Whether `id` is of the form of an event's id. */
export const isEventId = (id: string): boolean => parse(id) !== undefined;

export const isStandingEvent = (id: string): boolean => parse(id)?.stream === STANDING_STREAM;

/**
 * The last messages to one legacy client, for when its stream breaks and it comes back with `Last-Event-ID`. An event's id
 * names its stream and, once known, the request that the stream answers: so a client whose answer was dropped, or that asks
 * the process after this one, is told that the answer is lost, and does not wait for it.
 */
export class KeptEvents implements EventStore {
  // Race: a client comes back before its broken stream is known to be broken. With the SDK's `getStreamIdForEventId` it would
  // be refused; without, the new stream takes the place of the old one.
  readonly #events = new Map<number, Kept>();
  /** The requests that run, by their streams. */
  readonly #requests = new Map<string, Id>();
  /** The streams of cancelled requests. */
  readonly #cancelled = new Set<string>();
  /** Above the numbers of the process before this one: a client may name its last event. */
  #last = Date.now();
  #closed = false;
  bytes = 0;

  constructor(
    /** Of the server, for what the client is told. */
    private readonly name: string,
    private readonly budget: EventBudget,
    private readonly limits = { events: 256, bytes: 1024 * 1024 },
  ) {
    budget.join(this);
  }

  /** Runs `handle` so that the stream which it opens is known as that of this request. */
  during<T>(requestId: Id, handle: () => Promise<T>): Promise<T> {
    return handled.run({ events: this, requestId }, handle);
  }

  close(): void {
    // Race: an answer may be on its way here still.
    this.#closed = true;
    this.budget.leave(this);
    this.#events.clear();
    this.bytes = 0;
  }

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const isAnswer = "id" in message && !("method" in message);
    const isFirst = Object.keys(message).length === 0;
    const asked = handled.getStore();
    if (isFirst && asked?.events === this) this.#begin(stream, asked.requestId);
    const id = eventId(stream, ++this.#last, this.#requests.get(stream)) + (isAnswer ? END : "");
    if (isAnswer) this.#requests.delete(stream);
    if (!isFirst && !this.#closed) this.#keep({ id, stream, message, bytes: sizeOf(message) });
    return id;
  }

  async replayEventsAfter(
    id: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const { stream, number, requestId } = parse(id) ?? NO_EVENT;
    let isThere = stream === STANDING_STREAM || this.#requests.has(stream);
    for (const [at, event] of this.#events) {
      if (at <= number || event.stream !== stream) continue;
      isThere = true;
      await send(event.id, event.message);
    }
    if (!isThere && requestId !== undefined) await send(id + END, lost(requestId, this.name));
    return stream;
  }

  /**
   * Whether nothing more comes after that event: its stream was answered, or its request cancelled. The SDK 1 asks on after an
   * answer that is an error, and would do so for good.
   */
  isOver(id: string): boolean {
    const { stream, number, isEnd } = parse(id) ?? NO_EVENT;
    if (this.#cancelled.has(stream)) return true;
    return isEnd && ![...this.#events].some(([at, event]) => at > number && event.stream === stream);
  }

  /** False: no such request runs. */
  cancel(requestId: Id): boolean {
    const [stream] = [...this.#requests].find(([, id]) => id === requestId) ?? [];
    if (stream === undefined) return false;
    this.#requests.delete(stream);
    this.#cancelled.add(stream);
    const [oldest] = this.#cancelled;
    if (this.#cancelled.size > MAX_REQUESTS && oldest !== undefined) this.#cancelled.delete(oldest);
    return true;
  }

  dropOldest(): void {
    const [oldest] = this.#events;
    if (!oldest) return;
    const [at, { bytes }] = oldest;
    this.#events.delete(at);
    this.#count(-bytes);
  }

  #begin(stream: string, request: Id): void {
    this.#requests.set(stream, request);
    const [oldest] = this.#requests.keys();
    if (this.#requests.size > MAX_REQUESTS && oldest !== undefined) this.#requests.delete(oldest);
  }

  #keep(event: Kept): void {
    const { limits } = this;
    this.#events.set(this.#last, event);
    this.#count(event.bytes);
    while (this.#events.size > limits.events || this.bytes > limits.bytes) this.dropOldest();
  }

  #count(bytes: number): void {
    this.bytes += bytes;
    this.budget.changed(bytes);
  }
}

function eventId(stream: string, number: number, request: Id | undefined): string {
  const id = request === undefined ? "" : Buffer.from(JSON.stringify(request)).toString("base64url");
  return `${stream}.${number}.${id.length > MAX_REQUEST_ID ? "" : id}`;
}

interface EventId {
  stream: string;
  number: number;
  requestId: Id | undefined;
  isEnd: boolean;
}

function parse(id: string): EventId | undefined {
  const [, stream, number, request, end] = /^([\w-]+)\.(\d+)\.([\w-]*)(\.end)?$/.exec(id) ?? [];
  if (stream === undefined || request === undefined) return undefined;
  const requestId = request === "" ? undefined : idIn(request);
  return { stream, number: Number(number), requestId, isEnd: end === END };
}

const NO_EVENT: EventId = { stream: "none", number: 0, requestId: undefined, isEnd: false };

/** A client may send any text as the id of an event. */
function idIn(encoded: string): Id | undefined {
  try {
    const id: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
    return typeof id === "string" || typeof id === "number" ? id : undefined;
  } catch {
    return undefined;
  }
}

/** The answer to a request whose answer is gone: whether it was done is not known here. */
const lost = (id: Id, server: string): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  error: {
    code: SERVER_ERROR,
    message: `${server}: the answer was lost with the stream; call again if that is safe`,
    data: { holdfast: { code: "CONNECTION_LOST", outcome: "unknown", server } },
  },
});

/** About the bytes of a message, without writing it as text once more. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  for (const [key, part] of Object.entries(value)) bytes += key.length + 4 + sizeOf(part);
  return bytes;
}
