import { checkFunction, checkPositive, invalid } from "../base/check.js";
import { loader } from "../base/loader.js";
import { DEFAULTS } from "../contract/options.js";
import { KindTransport } from "./kind.js";
import { remoteOpener, type WebOptions } from "./remote.js";

const loadWire = loader(() => import("../wires/http/wire.js"));

/** Options of the stream on which the server speaks first. */
export interface InboundOptions {
  /** Replaces a stream that was silent for this long, in milliseconds. Default: ten heartbeat intervals, 300,000 at most. */
  maxSilenceMs?: number;
}

/** The options of `StreamableHttpTransport`. */
export interface StreamableHttpTransportOptions extends WebOptions {
  /** Options of the stream on which the server speaks first. */
  inbound?: InboundOptions;
  /** How long other calls may still be answered after the server forgot their session, in milliseconds. Default 2,000. */
  forgottenSessionMs?: number;
}

/** Of these a server may miss so many before its inbound stream counts as dead. */
const HEARTBEATS = 10;

/**
 * A server behind Streamable HTTP.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export class StreamableHttpTransport extends KindTransport<StreamableHttpTransportOptions> {
  constructor(options: StreamableHttpTransportOptions) {
    const { fetch, inbound, forgottenSessionMs } = options;
    checkFunction("fetch", fetch);
    if (inbound !== undefined && (typeof inbound !== "object" || inbound === null))
      throw invalid("inbound", "expected { maxSilenceMs }");
    checkPositive("inbound.maxSilenceMs", inbound?.maxSilenceMs);
    checkPositive("forgottenSessionMs", forgottenSessionMs);
    const opener = remoteOpener(options, {
      kind: "http",
      protocols: ["http:", "https:"],
      own: ["fetch", "maxSockets", "inbound", "forgottenSessionMs"],
      openWire: async (remote) => {
        const { HttpWire } = await loadWire();
        return new HttpWire({
          ...remote,
          maxSilenceMs: inbound?.maxSilenceMs ?? silenceMs(options),
          quietMs: options.heartbeat === false ? Number.POSITIVE_INFINITY : intervalMs(options),
          forgottenMs: forgottenSessionMs ?? DEFAULTS.forgottenSessionMs,
        });
      },
    });
    super(options, opener, StreamableHttpTransport);
  }
}

const intervalMs = ({ heartbeat }: StreamableHttpTransportOptions): number =>
  (heartbeat || undefined)?.intervalMs ?? DEFAULTS.heartbeatMs;

const silenceMs = (options: StreamableHttpTransportOptions): number =>
  Math.min(intervalMs(options), DEFAULTS.heartbeatMs) * HEARTBEATS;
