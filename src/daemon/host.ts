import type { Readable, Writable } from "node:stream";
import { LineReader } from "../wires/lines.js";
import { idOfCutRequest } from "../wires/messages.js";
import type { Id } from "./flights.js";
import { type Link, MAX_LINE_BYTES } from "./link.js";

export interface HostHandlers {
  onLine(line: Buffer): void;
  /** It is gone. */
  onEnd(): void;
  /** A request of this id was dropped; undefined: it was none. */
  onTooLarge(id: Id | undefined, bytes: number): void;
}

/** The host that started a shim, at the other end of its stdin and stdout. Who reads slowly is written to slowly. */
export class Host {
  constructor(
    private readonly input: Readable,
    private readonly output: Writable,
    { onLine, onEnd, onTooLarge }: HostHandlers,
  ) {
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine,
      onTooLarge: (head, tail, bytes) => onTooLarge(idOfCutRequest(head, tail), bytes),
    });
    input.on("data", (chunk: Buffer) => lines.push(chunk));
    input.once("end", onEnd);
    input.once("error", onEnd);
    output.once("error", onEnd);
  }

  /** `from`: reads no more until the host has taken it. */
  write(line: Buffer | string, from: Link | undefined): void {
    const { output } = this;
    output.cork();
    output.write(line);
    const more = output.write("\n");
    output.uncork();
    if (more || !from) return;
    from.pause();
    output.once("drain", () => from.resume());
  }

  /** To a daemon; the host is not read until that has taken it. */
  pass(line: Buffer | string, to: Link): void {
    if (to.write(line)) return;
    this.input.pause();
    to.whenDrained(() => this.input.resume());
  }

  close(): void {
    this.input.destroy();
  }
}
