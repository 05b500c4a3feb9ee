import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { listeningPort } from "../base/listening-port.js";
import { type Clock, systemClock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { type HttpOptions, httpSettings } from "./http-options.js";
import { nodeHandler } from "./node-handler.js";
import { Requests } from "./requests.js";
import type { Served } from "./served.js";

/** A transport over Streamable HTTP, both eras at one address. */
export class HttpServing implements Served {
  readonly closed: Promise<void>;
  url = "";
  readonly #server: Server;
  #closing: Promise<void> | undefined;

  private constructor(private readonly requests: Requests) {
    const handler = nodeHandler(requests);
    this.#server = createServer((request, response) => void handler(request, response));
    this.closed = once(this.#server, "close").then(() => {});
  }

  /** @throws HoldfastError `CONFIG_INVALID`, or the error of a port that is taken */
  static async start(
    transport: ClientTransport,
    options: HttpOptions,
    clock: Clock = systemClock,
  ): Promise<HttpServing> {
    const settings = httpSettings(options);
    const serving = new HttpServing(new Requests(transport, settings, clock));
    const { host, path } = settings;
    serving.#server.listen(settings.port, host.replace(/^\[|\]$/g, ""));
    await once(serving.#server, "listening");
    const port = listeningPort(serving.#server);
    serving.url = `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}${path}`;
    return serving;
  }

  async drain(ms?: number): Promise<void> {
    this.#server.close();
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
    this.#server.closeAllConnections();
    await this.closed;
  }
}
