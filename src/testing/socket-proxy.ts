import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { listeningPort } from "../base/listening-port.js";
import { type ByteFaults, Pair } from "./passage.js";

/**
 * Stands between a client and a real server on a socket (HTTP, SSE, WebSocket), and does to the bytes what a bad
 * network does. Faults that last hold for later connections, too. Loopback only.
 */
export class SocketProxy implements ByteFaults {
  /** New connections are reset at once. */
  refusing = false;
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  #stalled = false;
  #slowMs = 0;

  private constructor(private readonly target: { host: string; port: number }) {
    this.#server = createServer((near) => this.#connect(near));
  }

  /** Begins to listen on a free port of 127.0.0.1, in front of the server at `url`. */
  static async to(url: string | URL): Promise<SocketProxy> {
    const { hostname, port, protocol } = new URL(url);
    if (!/^(http|ws):$/.test(protocol))
      throw new TypeError(
        `a SocketProxy takes http: and ws: URLs, not ${protocol} (what is encrypted cannot be bent)`,
      );
    const proxy = new SocketProxy({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) });
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return listeningPort(this.#server);
  }

  /** `url` as it is through the proxy. */
  through(url: string | URL): string {
    const passed = new URL(url);
    passed.host = `127.0.0.1:${this.port}`;
    return passed.href;
  }

  cut(): void {
    for (const pair of [...this.#pairs]) pair.cut();
  }
  stall(): void {
    this.#stalled = true;
    for (const pair of this.#pairs) pair.stall();
  }
  resume(): void {
    this.#stalled = false;
    for (const pair of this.#pairs) pair.resume();
  }
  slow(ms: number): void {
    this.#slowMs = ms;
    for (const pair of this.#pairs) pair.slow(ms);
  }
  corrupt(): void {
    for (const pair of this.#pairs) pair.corrupt();
  }
  truncate(): void {
    for (const pair of this.#pairs) pair.truncate();
  }

  /** Ends every connection, and listens no more. */
  async close(): Promise<void> {
    this.cut();
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    await closed;
  }

  #connect(near: Socket): void {
    if (this.refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target);
    const pair = new Pair(() => {
      this.#pairs.delete(pair);
      if (!near.destroyed) near.resetAndDestroy();
      far.destroy();
    });
    this.#pairs.add(pair);
    if (this.#stalled) pair.stall();
    pair.slow(this.#slowMs);
    near.pipe(pair.up).pipe(far);
    far.pipe(pair.down).pipe(near);
    for (const socket of [near, far]) socket.on("error", pair.cut);
    const end = () => {
      this.#pairs.delete(pair);
      far.destroy();
      near.destroy();
      pair.up.destroy();
      pair.down.destroy();
    };
    near.on("close", end);
    // What the server said before its end is still on its way.
    far.on("close", (failed) => {
      if (failed) end();
      else if (near.writableFinished) end();
      else near.once("finish", end);
    });
  }
}
