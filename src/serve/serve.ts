import type { ClientTransport } from "../transports/transport.js";
import { HttpServing } from "./http.js";
import type { HttpOptions } from "./http-options.js";
import type { Served } from "./served.js";
import { serveOnStdio } from "./stdio.js";

/** Where to serve: one of the two. */
export type ServeOptions = { stdio: true } | { http: HttpOptions };

/**
 * Serves a transport, one server or a whole config, to programs that speak MCP. Each client has a handshake and questions
 * of its own; the connection to the server is shared, and outlived: a client hears of its death only where a call of
 * its own was lost. Nothing is opened before the first client asks.
 *
 * `stdio`: this process's own stdin and stdout are the one client. Nothing else may be printed to stdout.
 * `http`: Streamable HTTP in both eras at one address; of a config all servers at `path`, and each at `path/NAME`.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option, or the error of an address that cannot be listened at
 */
export function serve(transport: ClientTransport, options: ServeOptions): Promise<Served> {
  return "http" in options ? HttpServing.start(transport, options.http) : serveOnStdio(transport);
}
