import { checkFunction } from "../base/check.js";
import type { Wire } from "../contract/wire.js";
import { HttpWire } from "../wires/http.js";
import { RemoteTransport, type WebOptions } from "./remote.js";

export interface StreamableHttpTransportOptions extends WebOptions {}

/**
 * A server behind Streamable HTTP.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class StreamableHttpTransport extends RemoteTransport {
  readonly #options: StreamableHttpTransportOptions;

  constructor(options: StreamableHttpTransportOptions) {
    checkFunction("fetch", options.fetch);
    super(options, { kind: "http", protocols: ["http:", "https:"], own: ["fetch", "maxSockets"] });
    this.#options = options;
  }

  protected override openWire(): Wire {
    return new HttpWire(this.wireOptions());
  }

  override fork(): StreamableHttpTransport {
    return new StreamableHttpTransport(this.#options);
  }
}
