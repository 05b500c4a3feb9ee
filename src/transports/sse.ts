import { checkFunction, checkOneOf } from "../base/check.js";
import type { Wire } from "../contract/wire.js";
import { SseWire } from "../wires/http/sse-wire.js";
import { RemoteTransport, type WebOptions } from "./remote.js";

export interface SSETransportOptions extends WebOptions {
  /** This transport carries nothing else. */
  era?: "auto" | "legacy";
}

/**
 * A server behind the legacy HTTP+SSE transport of 2024-11-05. The end of its stream is the end of the connection.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class SSETransport extends RemoteTransport {
  readonly #options: SSETransportOptions;

  constructor(options: SSETransportOptions) {
    checkOneOf("era", options.era, ["auto", "legacy"]);
    checkFunction("fetch", options.fetch);
    const legacy = { ...options, era: "legacy" as const };
    super(legacy, { kind: "sse", protocols: ["http:", "https:"], own: ["fetch", "maxSockets"] });
    this.#options = options;
  }

  protected override openWire(): Wire {
    return new SseWire(this.wireOptions());
  }

  override fork(): SSETransport {
    return new SSETransport(this.#options);
  }
}
