import { checkFunction, checkOneOf } from "../base/check.js";
import type { FetchLike } from "../contract/credential.js";
import type { Wire } from "../contract/wire.js";
import { SseWire } from "../wires/sse.js";
import { type RemoteOptions, RemoteTransport } from "./remote.js";

export interface SSETransportOptions extends RemoteOptions {
  /** The URL of the stream; the server names the one for messages. */
  url: string | URL;
  /** Your own `fetch`: sockets, proxy and TLS are yours then. */
  fetch?: FetchLike;
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
    super(legacy, { kind: "sse", protocols: ["http:", "https:"], own: ["fetch"] });
    this.#options = options;
  }

  protected override openWire(): Wire {
    return new SseWire({ ...this.wireOptions(), fetch: this.#options.fetch });
  }

  override fork(): SSETransport {
    return new SSETransport(this.#options);
  }
}
