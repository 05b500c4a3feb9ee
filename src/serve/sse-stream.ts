import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { SdkTransport } from "../contract/door.js";
import type { Clock } from "../machines/clock.js";

/** A client that does not read so many bytes is gone. */
const MAX_UNREAD = 16 * 1024 * 1024;
/** As often as the SDK's streams: a connection that is dead is known by it. */
const COMMENT_MS = 15_000;

/** The stream of one legacy client, which is told where to post its messages. */
export class SseStream implements SdkTransport {
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #comments: unknown;

  constructor(
    private readonly address: string,
    private readonly clock: Clock,
  ) {
    const size = (chunk: Uint8Array) => chunk.byteLength;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.close(),
      },
      { highWaterMark: MAX_UNREAD, size },
    );
  }

  async start(): Promise<void> {
    this.#write(`event: endpoint\ndata: ${this.address}\n\n`);
    this.#commentLater();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#controller) throw new Error("the client is gone");
    this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  async close(): Promise<void> {
    const controller = this.#controller;
    if (!controller) return;
    this.#controller = undefined;
    this.clock.clearTimeout(this.#comments);
    try {
      controller.close();
    } catch {
      // Its client ended it.
    }
    this.onclose?.();
  }

  #write(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
    if ((this.#controller?.desiredSize ?? 1) <= 0) void this.close();
  }

  #commentLater(): void {
    this.#comments = this.clock.setTimeout(() => {
      this.#write(": still here\n\n");
      this.#commentLater();
    }, COMMENT_MS);
  }
}
