import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import type { UnreadableAnswer } from "../../contract/wire.js";
import type { Carried } from "../call-tag.js";
import { readFrame } from "../frames.js";
import { parseMessages } from "../messages.js";
import type { HttpClient } from "./client.js";
import type { StreamEvent } from "./event-stream.js";
import type { EventsHost } from "./events.js";
import type { HttpRequest } from "./request.js";
import type { HttpSession } from "./session.js";

/** What the requests of one wire share. */
export interface HttpLink extends EventsHost {
  readonly url: URL;
  readonly client: HttpClient;
  readonly session: HttpSession;
  /** A message of the server's, and the call on whose stream it came; none on the inbound one. */
  deliver(message: JSONRPCMessage, carried?: Carried): void;
  /** An answer of the server's that is no JSON. */
  deliverUnreadable(answer: UnreadableAnswer): void;
  /** Something odd that no caller is told. */
  report(error: Error): void;
  /** Something hints that the server is gone. */
  doubt(cause: unknown): void;
}

/** Hands on what an event holds. What keeps a stream alive under a name of its own is no message, and no fault. */
export function takeEvent(
  { event, data, unfinished }: StreamEvent,
  link: HttpLink,
  request: HttpRequest,
  deliver = (message: JSONRPCMessage) => link.deliver(message),
): void {
  if (data === "") return;
  // The rest of it never came: only what is whole all the same was meant.
  if (unfinished) for (const message of parseMessages(data) ?? []) deliver(message);
  else takeText(data, link, request, { deliver, quiet: event !== undefined && event !== "message" });
}

interface Taking {
  deliver(message: JSONRPCMessage): void;
  /** What is none of ours is not told. */
  quiet?: boolean;
  /** The request that a text without an id answers. */
  id?: RequestId | undefined;
}

/** Hands on what a text holds, and says what that was. */
export function takeText(
  text: string,
  link: HttpLink,
  request: HttpRequest,
  { deliver, quiet, id }: Taking,
): "messages" | "unreadable" | "nothing" {
  let taken: ReturnType<typeof takeText> = "nothing";
  for (const part of readFrame(text)) {
    if (part.kind === "message") {
      taken = "messages";
      deliver(part.message);
      continue;
    }
    const shown = link.client.redact(part.text, request);
    const answers = part.kind === "noise" ? undefined : (part.id ?? id);
    if (part.kind !== "noise" && answers !== undefined) {
      taken = "unreadable";
      const why = part.kind === "open" ? "does not end" : link.client.redact(part.why, request);
      link.deliverUnreadable({ id: answers, why, text: shown });
    } else if (!quiet) {
      const excerpt = JSON.stringify(shown.slice(0, 200));
      link.report(new Error(`the server sent what is not an MCP message: ${excerpt}`));
    }
  }
  return taken;
}
