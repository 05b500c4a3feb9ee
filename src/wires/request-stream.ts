import type { RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Wire } from "../contract/wire.js";
import type { Entry } from "./ledger.js";

/** What hears of the streams on which its requests are answered. */
export interface StreamsHost {
  readonly wire: Wire;
  /** It ended without the answer. */
  streamEnded(id: RequestId): void;
  /** Nobody waits for it any more: to close it is how a request is cancelled on a modern connection. */
  streamCancelled(id: RequestId): void;
}

/**
 * One request on a wire with a stream per request: what the wire is sent with, and how that stream is closed. The caller's options are
 * written out, because a spread costs as much as all the rest of it.
 */
export class RequestStream implements TransportSendOptions, NonNullable<Entry["stream"]> {
  readonly headers: TransportSendOptions["headers"];
  readonly relatedRequestId: TransportSendOptions["relatedRequestId"];
  readonly resumptionToken: TransportSendOptions["resumptionToken"];
  readonly onresumptiontoken: TransportSendOptions["onresumptiontoken"];
  readonly requestSignal: AbortSignal | undefined;
  readonly onRequestStreamEnd: () => void;
  // Not to be seen by a wire that shows or copies its options.
  readonly #host: StreamsHost;
  readonly #id: RequestId;
  readonly #controller: AbortController | undefined;

  constructor(host: StreamsHost, id: RequestId, options: TransportSendOptions | undefined) {
    this.#host = host;
    this.#id = id;
    this.headers = options?.headers;
    this.relatedRequestId = options?.relatedRequestId;
    this.resumptionToken = options?.resumptionToken;
    this.onresumptiontoken = options?.onresumptiontoken;
    this.#controller = host.wire.cancel ? undefined : new AbortController();
    this.requestSignal = this.#controller?.signal;
    this.onRequestStreamEnd = () => {
      options?.onRequestStreamEnd?.();
      host.streamEnded(id);
    };
    // It is this request's own, and ends with it.
    const cancelled = options?.requestSignal;
    cancelled?.addEventListener("abort", () => host.streamCancelled(id), { once: true });
    if (cancelled?.aborted) host.streamCancelled(id);
  }

  abort(): void {
    if (this.#controller) this.#controller.abort();
    else this.#host.wire.cancel?.(this.#id);
  }
}
