import type { InMemoryTransport, JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import { messageOf } from "../base/errors.js";

/** What clients pass beside a message; the transports of the SDK know no `signal`. */
interface SendOptions {
  relatedRequestId?: RequestId;
  signal?: AbortSignal;
}

/**
 * Lets the client at `near` cancel a request by the `signal` with which it sent it, as the AI SDK does; the clients of the SDKs
 * send a notification themselves. Returns what ends it.
 */
export function cancelledBySignal(near: InMemoryTransport, far: InMemoryTransport): () => void {
  const watched = new Map<RequestId, () => void>();
  const forget = (id: RequestId | undefined) => {
    if (id === undefined) return;
    watched.get(id)?.();
    watched.delete(id);
  };
  const send = near.send.bind(near);
  near.send = async (message: JSONRPCMessage, options?: SendOptions) => {
    await send(message);
    if (!("method" in message && "id" in message) || !options?.signal) return;
    const { id: requestId } = message;
    const stop = whenAborted(options.signal, (reason) => {
      watched.delete(requestId);
      const params = { requestId, reason: messageOf(reason) };
      // A pair that was closed meanwhile has nothing left to cancel.
      send({ jsonrpc: "2.0", method: "notifications/cancelled", params }).catch(() => {});
    });
    if (!options.signal.aborted) watched.set(requestId, stop);
  };
  const answer = far.send.bind(far);
  far.send = (message, options) => {
    if (!("method" in message)) forget(message.id);
    return answer(message, options);
  };
  return () => {
    for (const id of [...watched.keys()]) forget(id);
  };
}
