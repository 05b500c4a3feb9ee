import { StringDecoder } from "node:string_decoder";
import { createParser, type EventSourceParser } from "eventsource-parser";
import { tooLarge } from "../too-large.js";

/** One event of a stream. */
export interface StreamEvent {
  id?: string | undefined;
  /** Its name; undefined for a plain message. */
  event?: string | undefined;
  data: string;
  /** The stream ended before the event did. */
  unfinished?: boolean;
}

export interface EventStreamHandlers {
  event(event: StreamEvent): void;
  /** How long the server wants us to wait before we ask for more, in milliseconds. */
  retry?(ms: number): void;
  /** A line that only keeps the stream alive. */
  comment?(): void;
}

/** Reads one stream of events from its bytes, whatever its line ends are and wherever its chunks are cut. */
export class EventStreamReader {
  readonly #decoder = new StringDecoder("utf8");
  readonly #parser: EventSourceParser;
  #first = true;
  /** The last character was a CR: a LF that follows belongs to the same line end. */
  #afterCr = false;
  #ended = false;

  constructor(handlers: EventStreamHandlers, maxMessageBytes: number) {
    this.#parser = createParser({
      onEvent: (event) => handlers.event(this.#ended ? { ...event, unfinished: true } : event),
      onRetry: (ms) => handlers.retry?.(ms),
      onComment: () => handlers.comment?.(),
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") throw tooLarge(maxMessageBytes);
      },
      maxBufferSize: maxMessageBytes,
    });
  }

  /** Throws `MESSAGE_TOO_LARGE` for an event that is larger than allowed, or what a handler throws. */
  feed(bytes: Buffer): void {
    this.#feed(this.#decoder.write(bytes));
  }

  /** The stream ended; what it leaves unfinished is given out as that. */
  end(): void {
    this.#ended = true;
    this.#feed(`${this.#decoder.end()}\n\n`);
  }

  #feed(text: string): void {
    if (text === "") return;
    let lines = text;
    if (this.#first) {
      this.#first = false;
      if (lines.charCodeAt(0) === 0xfeff) lines = lines.slice(1);
    }
    if (this.#afterCr && lines.startsWith("\n")) lines = lines.slice(1);
    this.#afterCr = text.endsWith("\r");
    // The parser would keep a CR at the end of a chunk until it has seen what follows.
    this.#parser.feed(lines.includes("\r") ? lines.replace(/\r\n?/g, "\n") : lines);
  }
}
