import type { Readable } from "node:stream";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import type { HoldfastError } from "../base/errors.js";
import { SERVER_ERROR } from "../contract/protocol.js";
import type { UnreadableAnswer } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import type { Allowance } from "./allowance.js";
import { Intake } from "./intake.js";
import { LineReader } from "./lines.js";
import { idOfCutAnswer } from "./messages.js";
import { Receiving } from "./receiving.js";
import { StdoutReader } from "./stdout.js";
import { tooLarge } from "./too-large.js";

export interface StdoutOptions {
  maxMessageBytes: number;
  /** Takes secrets out of what the server printed. */
  redact(text: string): string;
}

export interface ServerStdoutHandlers {
  onMessage(message: JSONRPCMessage): void;
  /** Whether somebody waits for it. */
  isAsked(message: JSONRPCMessage): boolean;
  /** An answer came that cannot be read. */
  onUnreadable(answer: UnreadableAnswer): void;
  onError(error: Error): void;
  /** Nothing that comes after this can be read. */
  onBroken(failure: Failure): void;
}

const CONTENT_LENGTH =
  "the server frames its messages with Content-Length headers, as language servers do; a message of MCP is one line";

/** What is left of a line that was larger than allowed, or for which there was no room. */
class CutLine {
  constructor(
    readonly head: string,
    readonly tail: string,
    readonly error: HoldfastError<"MESSAGE_TOO_LARGE">,
  ) {}
}

/** What a server writes to stdout. An answer that is too large fails its request, and is replaced by an error. */
export class ServerStdout {
  /** The server said something that was MCP. */
  heard = false;
  /** The first thing that it printed and was not. */
  garbage = "";
  readonly #lines: LineReader;
  readonly #reader: StdoutReader;
  #intake: Intake<Buffer | CutLine> | undefined;
  #receiving: Receiving | undefined;
  /** Of the line that is being thrown away, where it found no room. */
  #noRoom: HoldfastError<"MESSAGE_TOO_LARGE"> | undefined;

  constructor(
    private readonly options: StdoutOptions,
    private readonly handlers: ServerStdoutHandlers,
  ) {
    this.#reader = new StdoutReader({
      onMessage: (message) => this.#onMessage(message),
      onUnreadable: (answer) => this.#onUnreadable(answer),
      onNoise: (text) => this.#onNoise(text),
      onContentLength: () =>
        handlers.onBroken({ code: "CONNECT_FAILED", message: CONTENT_LENGTH, fatal: true }),
    });
    this.#lines = new LineReader(options.maxMessageBytes, {
      onLine: (line) => this.#intake?.take(line),
      onTooLarge: (head, tail) => this.#intake?.take(new CutLine(head, tail, this.#whyCut())),
      mayKeep: (bytes) => this.#mayKeep(bytes),
      onRelease: () => this.#receiving?.release(),
      onExcess: (bytes) => this.#intake?.wasted(bytes),
    });
  }

  read(pipe: Readable, allowance: Allowance): void {
    const intake = new Intake<Buffer | CutLine>(pipe, allowance, {
      handle: (line) => this.#onLine(line),
      sizeOf: (line) => (line instanceof CutLine ? 0 : line.length),
    });
    this.#intake = intake;
    this.#receiving = new Receiving(allowance.rule, this.options.maxMessageBytes);
    pipe.on("data", (chunk: Buffer) => {
      intake.begin();
      this.#lines.push(chunk);
    });
  }

  /** The process has ended: nothing of what it said last is left waiting. */
  flush(): void {
    this.#intake?.flush();
  }

  stop(): void {
    this.#intake?.stop();
    this.#lines.drop();
    this.#receiving?.end();
  }

  #onLine(line: Buffer | CutLine): void {
    if (line instanceof CutLine) this.#onTooLarge(line);
    else this.#reader.line(line.toString("utf8"));
  }

  #onMessage(message: JSONRPCMessage): void {
    this.heard = true;
    if (!this.handlers.isAsked(message)) this.#intake?.unasked();
    this.handlers.onMessage(message);
  }

  #onNoise(text: string): void {
    this.#intake?.unasked();
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

  #mayKeep(bytes: number): boolean {
    const hasRoom = this.#receiving?.add(bytes) ?? true;
    if (!hasRoom) this.#noRoom = this.#receiving?.error;
    return hasRoom;
  }

  #whyCut(): HoldfastError<"MESSAGE_TOO_LARGE"> {
    const error = this.#noRoom ?? tooLarge(this.options.maxMessageBytes);
    this.#noRoom = undefined;
    return error;
  }

  #onTooLarge({ head, tail, error }: CutLine): void {
    const { message } = error;
    const id = idOfCutAnswer(head, tail);
    if (id === undefined) this.handlers.onBroken({ code: "MESSAGE_TOO_LARGE", message, error });
    else this.#onMessage({ jsonrpc: "2.0", id, error: { code: SERVER_ERROR, message, data: error } });
  }

  #quoted(text: string): string {
    return JSON.stringify(this.options.redact(text).slice(0, 200));
  }
}
