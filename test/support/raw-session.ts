import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import { onTestFinished } from "vitest";
import { post } from "./post.js";

const CONNECTION = { connection: "close" };

/** A legacy client by hand, which reads the events of its streams one by one. */
export async function rawSession(url: URL, asked: { id?: string; headers?: Record<string, string> } = {}) {
  const send = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    post(url, body, { ...asked.headers, ...headers }, signal);
  const clientInfo = { name: "raw", version: "1" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  let { id } = asked;
  if (id === undefined) {
    const shaken = await send({ id: 0, method: "initialize", params });
    await shaken.text();
    id = shaken.headers.get("mcp-session-id")!;
  }
  const session = {
    "mcp-session-id": id,
    "mcp-protocol-version": "2025-11-25",
    ...CONNECTION,
    ...asked.headers,
  };
  if (asked.id === undefined)
    await (await send({ method: "notifications/initialized" }, session)).arrayBuffer();
  return {
    id,
    /** The stream of a request. */
    async post(message: object): Promise<Events> {
      const over = new AbortController();
      return eventsOf(await send(message, session, over.signal), over);
    },
    async notify(message: object): Promise<void> {
      await (await send(message, session)).arrayBuffer();
    },
    /** The stream that belongs to no request, or one that goes on. */
    async get(lastEventId?: string): Promise<Events> {
      const over = new AbortController();
      const last: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
      const headers = { accept: "text/event-stream", ...session, ...last };
      return eventsOf(await fetch(url, { headers, signal: over.signal }), over);
    },
  };
}

export interface Event {
  id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: whatever message the test asks for.
  message: any;
}

export interface Events {
  status: number;
  /** Undefined: the stream ended. */
  next(): Promise<Event | undefined>;
  /** All that come until the end. */
  rest(): Promise<Event[]>;
  /** The client is gone. */
  cut(): void;
}

function eventsOf(response: Response, over: AbortController): Events {
  if (!response.body)
    return { status: response.status, next: async () => undefined, rest: async () => [], cut() {} };
  const reader = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  reader.closed.catch(() => {});
  const cut = () => over.abort();
  onTestFinished(cut);
  const next = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : eventIn(value);
  };
  const rest = async () => {
    const all: Event[] = [];
    for (let event = await next(); event; event = await next()) all.push(event);
    return all;
  };
  return { status: response.status, next, rest, cut };
}

const eventIn = ({ id, data }: EventSourceMessage): Event => ({ id, message: data && JSON.parse(data) });
