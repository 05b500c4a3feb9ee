import type { RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import type { Wire } from "../contract/wire.js";
import type { Entry } from "./ledger.js";

/** What becomes of the stream on which one request is answered. */
interface StreamEnds {
  /** It ended without the answer. */
  ended(): void;
  /** The Client closed it, which is its own way to cancel on a modern connection. */
  cancelled(): void;
}

/** One request on a wire with a stream per request: how that stream is closed, and what the wire is sent with. */
export function requestStream(
  wire: Wire,
  id: RequestId,
  options: TransportSendOptions | undefined,
  ends: StreamEnds,
): { stream: Entry["stream"]; options: TransportSendOptions } {
  const onRequestStreamEnd = () => {
    options?.onRequestStreamEnd?.();
    ends.ended();
  };
  const controller = wire.cancel ? undefined : new AbortController();
  const stream = controller ?? { abort: () => wire.cancel?.(id) };
  if (options?.requestSignal) whenAborted(options.requestSignal, ends.cancelled);
  const requestSignal = controller?.signal;
  return { stream, options: { ...options, requestSignal, onRequestStreamEnd } as TransportSendOptions };
}
