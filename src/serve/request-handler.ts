import { whenAborted } from "../base/abort.js";
import { invalid } from "../base/check.js";
import { systemClock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { type HttpOptions, httpSettings } from "./http-options.js";
import { type NodeHandler, nodeHandler } from "./node-handler.js";
import { Requests } from "./requests.js";
import type { Served } from "./served.js";
import { whenRead } from "./when-read.js";

/** As for `serve`; the framework listens. */
export type RequestHandlerOptions = Omit<HttpOptions, "host" | "port">;

/** A transport as part of a web application. */
export interface RequestHandler extends Pick<Served, "drain" | "close"> {
  /** For what speaks in the web's own terms: Hono, Deno, Bun, routes of Next. `parsedBody`: if the body was read already. */
  readonly fetch: (request: Request, options?: { parsedBody?: unknown }) => Promise<Response>;
  /**
   * For `node:http`, Express and Fastify. A body that `express.json()` read is found; what another one read is `parsedBody`.
   */
  readonly node: NodeHandler;
}

/**
 * The same as `serve` over HTTP, inside an application that listens itself. Route every method of `path`, and of what is below
 * it, to one of the two functions. Who may ask is for the application to say, or `token`; under other host names than
 * this machine's own, give them as `allowedHosts`.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export function requestHandler(
  transport: ClientTransport,
  options: RequestHandlerOptions = {},
): RequestHandler {
  if (options.oauth && options.oauth.resource === undefined)
    throw invalid("oauth.resource", "expected the URL at which clients reach it, which tokens are for");
  const requests = new Requests(transport, httpSettings(options), systemClock);
  const close = () => requests.close();
  return {
    async fetch(request, { parsedBody } = {}) {
      const end = requests.begin(request);
      try {
        whenAborted(request.signal, end);
        return whenRead(await requests.answer(request, parsedBody), end);
      } catch (error) {
        end();
        throw error;
      }
    },
    node: nodeHandler(requests),
    async drain(ms) {
      await requests.drain(ms);
      await close();
    },
    close,
  };
}
