import { DEFAULTS, type HeartbeatOptions } from "../options.js";
import { WebSocketWire } from "../wires/websocket.js";
import { checkPositive, checkStrings, invalid } from "./check.js";
import { type RemoteOptions, RemoteTransport } from "./remote.js";

export interface WSTransportOptions extends RemoteOptions {
  url: string | URL;
  /** The subprotocols to offer. Default: `["mcp"]`; an empty list offers none. */
  protocols?: string[];
  /** A larger message ends the connection. Default 64 MiB. */
  maxMessageBytes?: number;
  /** When a silent socket is pinged. Default: after 30 s; `false`: never. */
  heartbeat?: HeartbeatOptions | false;
}

/**
 * A server behind a WebSocket, in either era.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class WSTransport extends RemoteTransport {
  readonly #options: WSTransportOptions;

  constructor(options: WSTransportOptions) {
    const own = ["protocols", "maxMessageBytes", "heartbeat"];
    checkStrings("protocols", options.protocols);
    checkPositive("maxMessageBytes", options.maxMessageBytes);
    const { heartbeat } = options;
    if (
      heartbeat !== undefined &&
      heartbeat !== false &&
      (typeof heartbeat !== "object" || heartbeat === null)
    )
      throw invalid("heartbeat", "expected { intervalMs }, or false");
    if (heartbeat) checkPositive("heartbeat.intervalMs", heartbeat.intervalMs);
    options.protocols?.forEach((protocol, i) => {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(protocol))
        throw invalid(`protocols[${i}]`, "is no subprotocol's name");
    });
    super(options, { kind: "ws", protocols: ["ws:", "wss:"], own });
    this.#options = options;
  }

  protected override openWire(): WebSocketWire {
    const { protocols, maxMessageBytes, heartbeat } = this.#options;
    return new WebSocketWire({
      ...this.wireOptions(),
      protocols: protocols ?? ["mcp"],
      maxMessageBytes: maxMessageBytes ?? DEFAULTS.maxMessageBytes,
      heartbeatMs:
        heartbeat === false ? Number.POSITIVE_INFINITY : (heartbeat?.intervalMs ?? DEFAULTS.heartbeatMs),
    });
  }

  override fork(): WSTransport {
    return new WSTransport(this.#options);
  }
}
