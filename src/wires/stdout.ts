import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import type { UnreadableAnswer } from "../contract/wire.js";
import { ObjectScan, type Part, readFrame } from "./frames.js";
import { idOfAnswer, parseMessages } from "./messages.js";

export interface StdoutHandlers {
  onMessage(message: JSONRPCMessage): void;
  onUnreadable(answer: UnreadableAnswer): void;
  /** Something that is no part of a message. */
  onNoise(text: string): void;
  /** The server frames its messages as language servers do. Only told before its first message. */
  onContentLength(): void;
}

const OVER_LINES = "comes over several lines, and a message of MCP stands on one line";
/** An object that is longer than this and not over yet is taken for noise. */
const MAX_OPEN_CHARACTERS = 1024 * 1024;

/** Reads the lines of a server's stdout: messages, and what else is there. */
export class StdoutReader {
  #heard = false;
  readonly #headers = new Headers();
  #open: OpenObject | undefined;

  constructor(private readonly handlers: StdoutHandlers) {}

  line(text: string): void {
    if (!this.#heard && this.#headers.end(text)) this.handlers.onContentLength();
    let parts = readFrame(text);
    // A message that stands for itself is read, whatever was begun before it.
    const alone = !/^\s/.test(text) && parts.some(({ kind }) => kind === "message");
    const open = alone ? undefined : this.#open;
    if (open) parts = open.parts(text);
    this.#open = open?.over ? undefined : open;
    for (const part of parts) this.#report(part);
  }

  #report(part: Part): void {
    const { handlers } = this;
    if (part.kind === "message") {
      this.#heard = true;
      handlers.onMessage(part.message);
      return;
    }
    if (part.kind === "open") this.#open = new OpenObject(part.text, part.id !== undefined);
    if (part.kind === "noise" || part.id === undefined) handlers.onNoise(part.text);
    else
      handlers.onUnreadable({
        id: part.id,
        why: part.kind === "open" ? OVER_LINES : part.why,
        text: part.text,
      });
  }
}

/** An object that began on one line and goes on over the next ones. */
class OpenObject {
  over = false;
  readonly #scan = new ObjectScan();
  readonly #lines: string[];
  #size: number;

  constructor(
    first: string,
    /** Its call was reported already. */
    private readonly reported: boolean,
  ) {
    this.#lines = [first];
    this.#size = first.length;
    this.#scan.end(first);
  }

  /** What one more line is. */
  parts(line: string): Part[] {
    const end = this.#scan.end(line);
    this.#size += line.length;
    this.over = end !== undefined || this.#size > MAX_OPEN_CHARACTERS;
    if (end === undefined) {
      if (!this.reported && !this.over) this.#lines.push(line);
      return [];
    }
    this.#lines.push(line.slice(0, end));
    const behind = readFrame(line.slice(end));
    const text = this.#lines.join("\n");
    const id = this.reported ? undefined : idOf(text);
    return id === undefined ? behind : [{ kind: "unreadable", id, why: OVER_LINES, text }, ...behind];
  }
}

/** The id of an answer over several lines, which may be JSON all the same. */
function idOf(text: string): RequestId | undefined {
  const [message] = parseMessages(text) ?? [];
  if (!message) return idOfAnswer(text);
  return "method" in message ? undefined : (message.id ?? undefined);
}

/** Knows the headers of a language server from those that somebody printed of an HTTP answer. */
class Headers {
  #length = false;
  #foreign = false;

  /** Whether the line ends such headers. */
  end(line: string): boolean {
    const text = line.trim();
    const ends = text === "" && this.#length && !this.#foreign;
    if (/^Content-Length: *\d+$/i.test(text)) this.#length = true;
    else if (/^[\w-]+: |^HTTP\//.test(text) && !/^Content-Type:/i.test(text)) this.#foreign = true;
    else if (!/^Content-Type:/i.test(text)) this.#length = this.#foreign = false;
    return ends;
  }
}
