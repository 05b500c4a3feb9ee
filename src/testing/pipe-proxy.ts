import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { listeningPort } from "../base/listening-port.js";
import type { ByteFaults } from "./passage.js";

/**
 * Stands between a client and a real server on stdio, as a process of its own, and does to the bytes what a bad pipe
 * does. `command` and `args` start it in place of the server's.
 *
 *     const proxy = await PipeProxy.to({ command: "node", args: ["server.mjs"] });
 *     new StdioTransport({ command: proxy.command, args: proxy.args });
 */
export class PipeProxy implements ByteFaults {
  readonly command = process.execPath;
  readonly args: string[];
  readonly #controls = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(
    server: Server,
    token: string,
    { command, args = [] }: { command: string; args?: string[] },
  ) {
    this.#server = server;
    const port = listeningPort(server);
    this.args = [fileURLToPath(new URL("./pipe.js", import.meta.url)), String(port), token, command, ...args];
  }

  static async to(server: { command: string; args?: string[] }): Promise<PipeProxy> {
    const token = randomBytes(16).toString("hex");
    const control = createServer().listen(0, "127.0.0.1");
    await once(control, "listening");
    const proxy = new PipeProxy(control, token, server);
    control.on("connection", (socket) => {
      proxy.#sockets.add(socket);
      socket.on("close", () => proxy.#sockets.delete(socket));
      socket.on("error", () => {});
      socket.once("data", (said) => {
        if (String(said).trim() !== token) return void socket.destroy();
        proxy.#controls.add(socket);
        socket.on("close", () => proxy.#controls.delete(socket));
        socket.write("ready\n");
      });
    });
    return proxy;
  }

  cut(): void {
    this.#tell("cut");
  }
  stall(): void {
    this.#tell("stall");
  }
  resume(): void {
    this.#tell("resume");
  }
  slow(ms: number): void {
    this.#tell(`slow ${ms}`);
  }
  corrupt(): void {
    this.#tell("corrupt");
  }
  truncate(): void {
    this.#tell("truncate");
  }

  /** Ends what it listens on; the processes end with their clients. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  /** Every process that runs now does it; one that starts later does not know of it. */
  #tell(what: string): void {
    for (const socket of this.#controls) socket.write(`${what}\n`);
  }
}
