import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setImmediate as nextTurn } from "node:timers/promises";
import { listenOn } from "../base/listening-port.js";
import { type Clock, systemClock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { checkTls, type HttpOptions, httpSettings } from "./http-options.js";
import { nodeHandler } from "./node-handler.js";
import { Requests } from "./requests.js";
import type { Served } from "./served.js";

/** Longer than clients and proxies keep a socket that nobody uses: most have a minute. */
const KEEP_ALIVE_MS = 75_000;

/** A transport over Streamable HTTP, both eras at one address. */
export class HttpServing implements Served {
  readonly closed: Promise<void>;
  readonly renewTls?: NonNullable<Served["renewTls"]>;
  url = "";
  readonly #server: Server;
  #closing: Promise<void> | undefined;

  private constructor(private readonly requests: Requests) {
    const handler = nodeHandler(requests);
    const listener: RequestListener = (request, response) => void handler(request, response);
    const { tls } = requests.settings;
    if (tls) {
      const server = createTlsServer(tls, listener);
      this.renewTls = (renewed) => {
        checkTls(renewed);
        server.setSecureContext(renewed);
      };
      this.#server = server;
    } else this.#server = createServer(listener);
    // A client may write to a socket in the moment in which it is closed here, and cannot tell whether it was read. With Node's
    // five seconds that happens to every busy client now and then.
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    // Not events.once: it would also reject when the port is taken, where nobody waits for the end yet, and so end the program.
    this.closed = new Promise((resolve) => this.#server.once("close", () => resolve()));
  }

  /** @throws HoldfastError `CONFIG_INVALID`, also where the port is taken */
  static async start(
    transport: ClientTransport,
    options: HttpOptions,
    clock: Clock = systemClock,
  ): Promise<HttpServing> {
    const settings = httpSettings(options);
    const serving = new HttpServing(new Requests(transport, settings, clock));
    const { host, path, tls } = settings;
    const port = await listenOn(serving.#server, settings.port, host.replace(/^\[|\]$/g, ""));
    const scheme = tls ? "https" : "http";
    serving.url = `${scheme}://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}${path}`;
    serving.requests.url = serving.url;
    return serving;
  }

  async drain(ms?: number): Promise<void> {
    // It listens on: a client's answer to a question comes as a request of its own.
    await this.requests.drain(ms);
    await this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#server.close();
    await this.requests.close();
    // What streams still hold is handed to the system first.
    await nextTurn();
    this.#server.closeAllConnections();
    await this.closed;
  }
}
