import type { ClientTransport } from "../transports/transport.js";
import type { Served } from "./served.js";
import { serveOnStdio } from "./stdio.js";

/** Where to serve. */
export type ServeOptions = { stdio: true };

/**
 * Serves a transport, one server or a whole config, to programs that speak MCP. Each client has a handshake and questions
 * of its own; the connection to the server is shared, and outlived: a client hears of its death only where a call of
 * its own was lost. Nothing is opened before the first client asks.
 *
 * `stdio`: this process's own stdin and stdout are the one client. Nothing else may be printed to stdout.
 */
export function serve(transport: ClientTransport, _options: ServeOptions): Promise<Served> {
  return serveOnStdio(transport);
}
