import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { HoldfastError } from "../base/errors.js";
import { SERVER_ERROR } from "../contract/protocol.js";
import type { UnreadableAnswer } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import { LineReader } from "./lines.js";
import { idOfCutAnswer } from "./messages.js";
import { StdoutReader } from "./stdout.js";

export interface StdoutOptions {
  maxMessageBytes: number;
  /** Takes secrets out of what the server printed. */
  redact(text: string): string;
}

export interface ServerStdoutHandlers {
  onMessage(message: JSONRPCMessage): void;
  /** An answer came that cannot be read. */
  onUnreadable(answer: UnreadableAnswer): void;
  onError(error: Error): void;
  /** Nothing that comes after this can be read. */
  onBroken(failure: Failure): void;
}

const CONTENT_LENGTH =
  "the server frames its messages with Content-Length headers, as language servers do; a message of MCP is one line";

/** What a server writes to stdout. An answer that is too large fails its request, and is replaced by an error. */
export class ServerStdout {
  /** The server said something that was MCP. */
  heard = false;
  /** The first thing that it printed and was not. */
  garbage = "";
  readonly #lines: LineReader;

  constructor(
    private readonly options: StdoutOptions,
    private readonly handlers: ServerStdoutHandlers,
  ) {
    const reader = new StdoutReader({
      onMessage: (message) => this.#onMessage(message),
      onUnreadable: (answer) => this.#onUnreadable(answer),
      onNoise: (text) => this.#onNoise(text),
      onContentLength: () =>
        handlers.onBroken({ code: "CONNECT_FAILED", message: CONTENT_LENGTH, fatal: true }),
    });
    this.#lines = new LineReader(options.maxMessageBytes, {
      onLine: (line) => reader.line(line.toString("utf8")),
      onTooLarge: (head, tail) => this.#onTooLarge(head, tail),
    });
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  #onMessage(message: JSONRPCMessage): void {
    this.heard = true;
    this.handlers.onMessage(message);
  }

  #onNoise(text: string): void {
    const printed = this.#quoted(text);
    this.garbage ||= printed;
    this.handlers.onError(
      new Error(`the server printed a line on stdout that is not an MCP message: ${printed}`),
    );
  }

  #onUnreadable({ id, why, text }: UnreadableAnswer): void {
    const { redact } = this.options;
    this.heard = true;
    this.handlers.onUnreadable({ id, why: redact(why), text: redact(text) });
  }

  #onTooLarge(head: string, tail: string): void {
    const { maxMessageBytes } = this.options;
    const message = `a message was larger than ${maxMessageBytes} bytes and was thrown away; raise maxMessageBytes to accept it`;
    const error = new HoldfastError("MESSAGE_TOO_LARGE", message, { maxMessageBytes });
    const id = idOfCutAnswer(head, tail);
    if (id === undefined) this.handlers.onBroken({ code: "MESSAGE_TOO_LARGE", message, error });
    else this.#onMessage({ jsonrpc: "2.0", id, error: { code: SERVER_ERROR, message, data: error } });
  }

  #quoted(text: string): string {
    return JSON.stringify(this.options.redact(text).slice(0, 200));
  }
}
