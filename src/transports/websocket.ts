import { checkStrings, invalid } from "../base/check.js";
import { checkShared } from "../contract/check-options.js";
import { DEFAULTS } from "../contract/options.js";
import type { Wire } from "../contract/wire.js";
import { WebSocketWire } from "../wires/websocket.js";
import { type RemoteOptions, RemoteTransport } from "./remote.js";

export interface WSTransportOptions extends RemoteOptions {
  url: string | URL;
  /** The subprotocols to offer. Default: `["mcp"]`; an empty list offers none. */
  protocols?: string[];
}

/**
 * A server behind a WebSocket, in either era.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class WSTransport extends RemoteTransport {
  readonly #options: WSTransportOptions;

  constructor(options: WSTransportOptions) {
    const own = ["protocols"];
    checkStrings("protocols", options.protocols);
    options.protocols?.forEach((protocol, i) => {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(protocol))
        throw invalid(`protocols[${i}]`, "is no subprotocol's name");
    });
    checkShared(options);
    // The socket has pings of its own, which any server answers.
    super({ ...options, heartbeat: false }, { kind: "ws", protocols: ["ws:", "wss:"], own });
    this.#options = options;
  }

  protected override openWire(): Wire {
    const { protocols, heartbeat } = this.#options;
    return new WebSocketWire({
      ...this.wireOptions(),
      protocols: protocols ?? ["mcp"],
      heartbeatMs:
        heartbeat === false ? Number.POSITIVE_INFINITY : (heartbeat?.intervalMs ?? DEFAULTS.heartbeatMs),
    });
  }

  override fork(): WSTransport {
    return new WSTransport(this.#options);
  }
}
