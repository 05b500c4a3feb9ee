import { checkFunction } from "../base/check.js";
import type { FetchLike } from "../contract/credential.js";
import type { Wire } from "../contract/wire.js";
import { HttpWire } from "../wires/http.js";
import { type RemoteOptions, RemoteTransport } from "./remote.js";

export interface StreamableHttpTransportOptions extends RemoteOptions {
  /** Used exactly as given, a trailing slash too. */
  url: string | URL;
  /** Your own `fetch`: sockets, proxy and TLS are yours then. */
  fetch?: FetchLike;
}

/**
 * A server behind Streamable HTTP.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class StreamableHttpTransport extends RemoteTransport {
  readonly #options: StreamableHttpTransportOptions;

  constructor(options: StreamableHttpTransportOptions) {
    checkFunction("fetch", options.fetch);
    super(options, { kind: "http", protocols: ["http:", "https:"], own: ["fetch"] });
    this.#options = options;
  }

  protected override openWire(): Wire {
    return new HttpWire({ ...this.wireOptions(), fetch: this.#options.fetch });
  }

  override fork(): StreamableHttpTransport {
    return new StreamableHttpTransport(this.#options);
  }
}
