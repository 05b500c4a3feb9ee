import { checkFunction, checkOneOf } from "../base/check.js";
import { loader } from "../base/loader.js";
import { KindTransport } from "./kind.js";
import { remoteOpener, type WebOptions } from "./remote.js";

const loadWire = loader(() => import("../wires/http/sse-wire.js"));

/** The options of `SSETransport`. */
export interface SSETransportOptions extends WebOptions {
  /** This transport speaks the legacy era only, so both values mean that. */
  era?: "auto" | "legacy";
}

/**
 * A server behind the legacy HTTP+SSE transport of 2024-11-05. The end of its stream is the end of the connection.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class SSETransport extends KindTransport<SSETransportOptions> {
  constructor(options: SSETransportOptions) {
    const { era, fetch } = options;
    checkOneOf("era", era, ["auto", "legacy"]);
    checkFunction("fetch", fetch);
    const opener = remoteOpener(options, {
      kind: "sse",
      protocols: ["http:", "https:"],
      own: ["fetch", "maxSockets"],
      fixed: { era: "legacy" },
      openWire: async (remote) => new (await loadWire()).SseWire(remote),
    });
    super(options, opener, SSETransport);
  }
}
