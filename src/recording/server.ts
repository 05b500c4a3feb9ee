import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { HoldfastError, messageOf } from "../base/errors.js";
import { linesOf } from "./lines.js";
import { Player } from "./player.js";
import { type Exchange, type Script, scriptOf } from "./script.js";

/** What `record` writes at most, and a little more. */
const MAX_BYTES = 65 * 1024 * 1024;
/** So many messages are remembered for a test to look at. */
const MAX_RECEIVED = 10_000;

/** A request of a recording. */
export interface RecordedRequest {
  method: string;
  /** Without `_meta`. */
  params: Record<string, unknown>;
}

/**
 * The server's side of a recording. Each client hears it from its beginning: a request is answered as the same one was, by method
 * and parameters, and equal ones in their order. What only reads may be asked again; any other request that the recording does not
 * have is answered with an error that names what it has.
 */
export class RecordedServer {
  /** The first 10,000 messages of all clients, in order. */
  readonly received: JSONRPCMessage[] = [];
  readonly #script: Script;
  readonly #played = new Set<Exchange>();

  /** @internal Made by `load`. */
  constructor(
    readonly name: string,
    script: Script,
  ) {
    this.#script = script;
  }

  /**
   * Reads a recording: what the option `record` or `holdfast … --record FILE` wrote.
   * @throws HoldfastError `CONFIG_INVALID` where there is no such file, or it holds no messages
   */
  static load(path: string): RecordedServer {
    const name = basename(path);
    try {
      const { size } = statSync(path);
      if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_BYTES}`);
      const script = scriptOf(linesOf(readFileSync(path, "utf8")));
      if (script.exchanges.length === 0)
        throw new Error("it has events and no messages; record a run with --record FILE");
      return new RecordedServer(name, script);
    } catch (error) {
      const message = `${path} cannot be played: ${messageOf(error)}`;
      throw new HoldfastError("CONFIG_INVALID", message, { path: "recording", cause: error });
    }
  }

  /** The requests of the recording that no client has asked for yet. */
  unasked(): RecordedRequest[] {
    const left = this.#script.exchanges.filter((one) => one.id !== undefined && !this.#played.has(one));
    return left.map(({ method, params }) => ({ method, params: JSON.parse(params) }));
  }

  /** Serves one client, on the server's end of any SDK transport. */
  async connect(
    side: Pick<Transport, "start" | "send" | "close" | "onmessage">,
  ): Promise<{ close(): Promise<void> }> {
    const player = new Player(this.name, this.#script, side, (exchange) => this.#played.add(exchange));
    side.onmessage = (message: JSONRPCMessage) => {
      if (this.received.length < MAX_RECEIVED) this.received.push(message);
      player.receive(message);
    };
    await side.start();
    return { close: () => side.close() };
  }
}
