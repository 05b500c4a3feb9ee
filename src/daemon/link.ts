import type { Socket } from "node:net";
import { LineReader } from "../wires/lines.js";
import { idOfCutAnswer } from "../wires/messages.js";
import type { Id } from "./flights.js";
import type { Greeted } from "./greet.js";
import { type Leave, ownLine } from "./hello.js";

/** The longest line of a daemon: what its servers may send at most, and what is around it. */
export const MAX_LINE_BYTES = 65 * 1024 * 1024;
const NEWLINE = Buffer.from("\n");

export interface LinkHandlers {
  onLine(line: Buffer): void;
  /** An answer to this request was dropped; undefined: it was no answer. */
  onTooLarge(id: Id | undefined, bytes: number): void;
  onLeave(how: Leave["leave"]): void;
  /** It ended, whoever ended it. */
  onClose(): void;
}

/** The connection of a shim to one daemon, from its welcome to its end. */
export class Link {
  /** Nothing is written any more, what was written is waited for. */
  leaving: Leave["leave"] | undefined;
  readonly #socket: Socket;
  #closed = false;

  constructor({ socket }: Greeted, handlers: LinkHandlers) {
    this.#socket = socket;
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine: (line) => {
        const leave = line[2] === 104 ? ownLine<Leave>(line.toString())?.leave : undefined;
        if (leave === undefined) return handlers.onLine(line);
        this.leaving = leave;
        handlers.onLeave(leave);
      },
      onTooLarge: (head, tail, bytes) => handlers.onTooLarge(idOfCutAnswer(head, tail), bytes),
    });
    socket.on("data", (chunk: Buffer) => lines.push(chunk));
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#closed = true;
      handlers.onClose();
    });
    socket.resume();
  }

  get open(): boolean {
    return !this.#closed && this.#socket.writable && this.leaving === undefined;
  }

  /** False: it takes more slowly than it is written to. */
  write(line: Buffer | string): boolean {
    this.#socket.cork();
    this.#socket.write(line);
    const more = this.#socket.write(NEWLINE);
    this.#socket.uncork();
    return more;
  }

  whenDrained(then: () => void): void {
    const socket = this.#socket;
    const over = () => {
      socket.off("drain", over).off("close", over);
      then();
    };
    socket.once("drain", over).once("close", over);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}
