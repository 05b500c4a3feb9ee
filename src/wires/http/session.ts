import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/client";
import { fieldsOf } from "../../base/fields.js";
import { merged } from "../../base/merged.js";
import type { HttpAnswer } from "./answer.js";

type Headers = Readonly<Record<string, string>>;

/** What follows from the connection or from the message itself; no call may say otherwise. */
const RESERVED = new Set([
  "authorization",
  "dpop",
  "content-type",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "mcp-session-id",
]);

/** What the server named its session, and what each request says of that, of the revision and of its message. */
export class HttpSession {
  #id: string | undefined;
  #version: string | undefined;
  #pings = 0;
  /** The same for each message of the legacy era, so made once. */
  #posted: Headers | undefined;

  constructor(private readonly own: Headers) {}

  get id(): string | undefined {
    return this.#id;
  }

  set version(version: string) {
    this.#version = version;
    this.#posted = undefined;
  }

  /** Takes the session's name from the answer to `message`. Some servers name it anew with any answer. */
  adopt(answer: HttpAnswer, message: JSONRPCMessage): void {
    if (!answer.ok) return;
    const id = answer.header("mcp-session-id");
    if (id === this.#id || (id === undefined && !isHandshake(message))) return;
    this.#id = id;
    this.#posted = undefined;
  }

  /** The id of a ping of our own, which meets none of the Client's. */
  nextPing(): string {
    return `holdfast-ping-${++this.#pings}`;
  }

  forget(): void {
    this.#id = undefined;
    this.#posted = undefined;
  }

  /** The headers of a POST; `more` are a call's own. */
  posted(message: JSONRPCMessage, more: object | undefined): Headers {
    this.#posted ??= {
      ...this.#common(),
      "content-type": "application/json",
      accept: accepting(this.own["accept"], "application/json", "text/event-stream"),
    };
    if (!("method" in message) || !("id" in message)) return this.#posted;
    const own = callHeaders(more);
    const mirror = mirrored(message);
    const leaves = isHandshake(message) && this.#id !== undefined;
    if (!own && !mirror && !leaves) return this.#posted;
    const headers: Record<string, string> = merged(this.#posted, own, mirror);
    if (leaves) delete headers["mcp-session-id"];
    return headers;
  }

  /** The headers of a GET for a stream, after the event that came last. */
  streamed(lastEventId: string | undefined): Headers {
    return {
      ...this.#common(),
      accept: accepting(this.own["accept"], "text/event-stream"),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    };
  }

  deleted(): Headers {
    return this.#common();
  }

  #common(): Headers {
    return {
      ...this.own,
      ...(this.#id !== undefined && { "mcp-session-id": this.#id }),
      ...(this.#version !== undefined && { "mcp-protocol-version": this.#version }),
    };
  }
}

const isHandshake = (message: JSONRPCMessage) => "method" in message && message.method === "initialize";

/** The media types that the user names, and ours. */
function accepting(own: string | undefined, ...types: string[]): string {
  const named = (own ?? "").split(",").map((type) => type.trim().toLowerCase());
  return [...new Set([...named, ...types])].filter(Boolean).join(", ");
}

function callHeaders(more: object | undefined): Record<string, string> | undefined {
  if (more === undefined || Object.keys(more).length === 0) return undefined;
  const entries = Object.entries(more)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => typeof value === "string" && !RESERVED.has(name));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Which field of its parameters a method of the modern era says in a header. */
const NAMED_BY: Record<string, string> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/** What a request of the modern era says of itself, for those on its way who read no bodies. */
function mirrored(message: JSONRPCMessage): Record<string, string> | undefined {
  if (!("method" in message)) return undefined;
  const { method } = message;
  const params = fieldsOf(message.params);
  const version = fieldsOf(params["_meta"])[PROTOCOL_VERSION_META_KEY];
  if (typeof version !== "string") return undefined;
  const field = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method]! : undefined;
  const name = field && params[field];
  return {
    "mcp-protocol-version": version,
    "mcp-method": method,
    ...(typeof name === "string" && { "mcp-name": headerValue(name) }),
  };
}

/** A text as a header can carry it: as it is where it is plain ASCII, else in the form that the revision names. */
function headerValue(text: string): string {
  const plain = /^[\t\x20-\x7e]+$/.test(text) && text === text.trim() && !/^=\?base64\?.*\?=$/.test(text);
  return plain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}
