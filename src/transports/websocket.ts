import { checkStrings, invalid } from "../base/check.js";
import { loader } from "../base/loader.js";
import { DEFAULTS } from "../contract/options.js";
import { KindTransport } from "./kind.js";
import { type RemoteOptions, remoteOpener } from "./remote.js";

const loadWire = loader(() => import("../wires/websocket.js"));

/** The options of `WSTransport`. */
export interface WSTransportOptions extends RemoteOptions {
  /** The URL, used exactly as given. */
  url: string | URL;
  /** The subprotocols to offer; an empty list offers none. Default `["mcp"]`. */
  protocols?: string[];
}

/**
 * A server behind a WebSocket, in either era.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class WSTransport extends KindTransport<WSTransportOptions> {
  constructor(options: WSTransportOptions) {
    const { protocols } = options;
    checkStrings("protocols", protocols);
    protocols?.forEach((protocol, i) => {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(protocol))
        throw invalid(`protocols[${i}]`, "is no subprotocol's name");
    });
    const opener = remoteOpener(options, {
      kind: "ws",
      protocols: ["ws:", "wss:"],
      own: ["protocols"],
      // The socket has pings of its own, which any server answers.
      fixed: { heartbeat: false },
      openWire: async (remote) => {
        const { WebSocketWire } = await loadWire();
        return new WebSocketWire({
          ...remote,
          protocols: protocols ?? ["mcp"],
          heartbeatMs: pingMs(options),
        });
      },
    });
    super(options, opener, WSTransport);
  }
}

function pingMs({ heartbeat }: WSTransportOptions): number {
  if (heartbeat === false) return Number.POSITIVE_INFINITY;
  return heartbeat?.intervalMs ?? DEFAULTS.heartbeatMs;
}
