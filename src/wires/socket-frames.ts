import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import type { WebSocket } from "ws";
import type { UnreadableAnswer } from "../contract/wire.js";
import type { Allowance } from "./allowance.js";
import { readFrame } from "./frames.js";
import { Intake } from "./intake.js";

export interface SocketFramesHandlers {
  /** Takes secrets out of what the server sent. */
  redact(text: string): string;
  /** Whether somebody waits for it. */
  isAsked(message: JSONRPCMessage): boolean;
  onMessage(message: JSONRPCMessage): void;
  onUnreadable(answer: UnreadableAnswer): void;
  onError(error: Error): void;
}

/** What a server sends over a WebSocket. */
export class SocketFrames {
  readonly #intake: Intake<string>;

  constructor(
    socket: WebSocket,
    allowance: Allowance,
    private readonly handlers: SocketFramesHandlers,
  ) {
    this.#intake = new Intake(socket, allowance, {
      handle: (text) => this.#receive(text),
      sizeOf: (text) => text.length,
    });
    socket.on("message", (data) => {
      this.#intake.begin();
      this.#intake.take(String(data));
    });
  }

  /** The socket has ended: nothing of what came last is left waiting. */
  flush(): void {
    this.#intake.flush();
  }

  stop(): void {
    this.#intake.stop();
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
