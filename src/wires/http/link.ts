import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { parseMessages } from "../messages.js";
import type { HttpClient } from "./client.js";
import type { StreamEvent } from "./event-stream.js";
import type { HttpSession } from "./session.js";

/** What the requests of one wire share. */
export interface HttpLink {
  readonly url: URL;
  readonly client: HttpClient;
  readonly session: HttpSession;
  readonly maxMessageBytes: number;
  /** A message of the server's. */
  deliver(message: JSONRPCMessage): void;
  /** Something odd that no caller is told. */
  report(error: Error): void;
  /** Something hints that the server is gone. */
  doubt(cause: unknown): void;
}

/** The messages in an event. What keeps a stream alive under a name of its own is none, and no fault. */
export function messagesIn({ event, data }: StreamEvent, link: Pick<HttpLink, "report">): JSONRPCMessage[] {
  if (data === "") return [];
  const messages = parseMessages(data);
  if (messages) return messages;
  if (event === undefined || event === "message")
    link.report(new Error(`an event of ${data.length} characters is no message: ${data.slice(0, 80)}`));
  return [];
}
