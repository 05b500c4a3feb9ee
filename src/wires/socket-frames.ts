import type { Socket } from "node:net";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import type { WebSocket } from "ws";
import type { HoldfastError } from "../base/errors.js";
import type { UnreadableAnswer } from "../contract/wire.js";
import type { Allowance } from "./allowance.js";
import { readFrame } from "./frames.js";
import { Intake } from "./intake.js";
import { Receiving } from "./receiving.js";

export interface SocketFramesHandlers {
  /** Takes secrets out of what the server sent. */
  redact(text: string): string;
  /** Whether somebody waits for it. */
  isAsked(message: JSONRPCMessage): boolean;
  onMessage(message: JSONRPCMessage): void;
  onUnreadable(answer: UnreadableAnswer): void;
  onError(error: Error): void;
  /** There is no room for the message that comes in. */
  onNoRoom(error: HoldfastError<"MESSAGE_TOO_LARGE">): void;
}

/** What a frame without payload of a ping or a pong takes. */
const CONTROL_BYTES = 2;

/** What a server sends over a WebSocket. */
export class SocketFrames {
  readonly #intake: Intake<string>;
  readonly #receiving: Receiving;
  /** A message ended in the chunk that is read. */
  #ended = false;
  /** Bytes of pings and pongs, which are kept by nobody. */
  #control = 0;

  constructor(
    socket: WebSocket,
    allowance: Allowance,
    private readonly handlers: SocketFramesHandlers,
    maxMessageBytes: number,
  ) {
    this.#receiving = new Receiving(allowance.rule, maxMessageBytes);
    this.#intake = new Intake(socket, allowance, {
      handle: (text) => this.#receive(text),
      sizeOf: (text) => text.length,
    });
    const control = (data: Buffer) => {
      this.#control += CONTROL_BYTES + data.length;
    };
    socket.on("ping", control);
    socket.on("pong", control);
    socket.on("message", (data) => {
      this.#ended = true;
      this.#receiving.release();
      this.#intake.begin();
      this.#intake.take(String(data));
    });
  }

  /** Counts what comes of a message before its end, which the library keeps: chunk by chunk, after it has read each. */
  count(tcp: Socket): void {
    tcp.on("data", (chunk: Buffer) => {
      const bytes = chunk.length - this.#control;
      // What stands behind the end of a message in the same chunk is not counted: it is one chunk at most.
      this.#control = this.#ended ? 0 : Math.max(0, -bytes);
      if (!this.#ended && bytes > 0 && !this.#receiving.add(bytes))
        this.handlers.onNoRoom(this.#receiving.error);
      this.#ended = false;
    });
  }

  /** The socket has ended: nothing of what came last is left waiting. */
  flush(): void {
    this.#intake.flush();
  }

  stop(): void {
    this.#intake.stop();
    this.#receiving.end();
  }

  #receive(text: string): void {
    const { handlers } = this;
    for (const part of readFrame(text)) {
      if (part.kind === "message") {
        if (!handlers.isAsked(part.message)) this.#intake.unasked();
        handlers.onMessage(part.message);
        continue;
      }
      this.#intake.unasked();
      const shown = handlers.redact(part.text);
      if (part.kind === "noise" || part.id === undefined) {
        const excerpt = JSON.stringify(shown.slice(0, 200));
        handlers.onError(new Error(`the server sent what is not an MCP message: ${excerpt}`));
      } else {
        const why = part.kind === "open" ? "does not end" : handlers.redact(part.why);
        handlers.onUnreadable({ id: part.id, why, text: shown });
      }
    }
  }
}
