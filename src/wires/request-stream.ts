import type { RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import type { Wire } from "../contract/wire.js";
import type { Entry } from "./ledger.js";

/** What hears of the streams on which its requests are answered. */
export interface StreamsHost {
  readonly wire: Wire;
  /** It ended without the answer. */
  streamEnded(id: RequestId): void;
  /** The Client closed it, which is its own way to cancel on a modern connection. */
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
  readonly #controller: AbortController | undefined;

  constructor(
    private readonly host: StreamsHost,
    private readonly id: RequestId,
    options: TransportSendOptions | undefined,
  ) {
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
    if (options?.requestSignal) whenAborted(options.requestSignal, () => host.streamCancelled(id));
  }

  abort(): void {
    if (this.#controller) this.#controller.abort();
    else this.host.wire.cancel?.(this.id);
  }
}
