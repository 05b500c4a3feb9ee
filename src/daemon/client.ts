import type { Socket } from "node:net";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { SdkTransport } from "../contract/door.js";
import { systemClock } from "../machines/clock.js";
import { LineReader } from "../wires/lines.js";
import { parsed } from "./flights.js";
import { type Leave, lineOf } from "./hello.js";
import { MAX_LINE_BYTES } from "./link.js";

/** So much may wait for a host that does not read. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** One shim, as the transport of a session. */
export class Client implements SdkTransport {
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Settles with the end of the connection. */
  readonly closed: Promise<void>;
  /** When its host last said something. */
  heardAt = systemClock.now();
  #calls = 0;

  constructor(
    private readonly socket: Socket,
    /** Of the shim. */
    readonly pid: number | undefined,
    /** Lets a message through, or answers it. */
    private readonly admit: (message: JSONRPCMessage) => JSONRPCMessage | undefined,
  ) {
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** How many requests of this client were answered. */
  get calls(): number {
    return this.#calls;
  }

  async start(): Promise<void> {
    const { socket } = this;
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine: (line) => this.#take(line),
      onTooLarge: () => this.onerror?.(new Error(`a message was larger than ${MAX_LINE_BYTES} bytes`)),
    });
    socket.on("data", (chunk: Buffer) => lines.push(chunk));
    socket.once("close", () => this.onclose?.());
    socket.resume();
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (!("method" in message)) this.#calls++;
    return this.#write(`${JSON.stringify(message)}\n`);
  }

  /** Asks the shim to let go when what runs is answered. */
  leave(how: Leave["leave"]): void {
    void this.#write(lineOf({ leave: how })).catch(() => {});
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #take(line: Buffer): void {
    this.heardAt = systemClock.now();
    const read = parsed(line);
    if (fieldsOf(read)["jsonrpc"] !== "2.0") {
      this.onerror?.(new Error("a line that is no message"));
      return;
    }
    const message = read as JSONRPCMessage;
    const answer = this.admit(message);
    if (answer) void this.send(answer).catch(() => {});
    else this.onmessage?.(message);
  }

  async #write(text: string): Promise<void> {
    const { socket } = this;
    if (!socket.writable) throw new Error("the shim is gone");
    if (socket.writableLength > MAX_WAITING_BYTES) {
      socket.destroy();
      throw new Error(`the host does not read: ${MAX_WAITING_BYTES} bytes waited for it`);
    }
    socket.write(text);
  }
}
