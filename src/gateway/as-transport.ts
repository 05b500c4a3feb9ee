import { InMemoryTransport } from "@modelcontextprotocol/server";
import { whenAborted } from "../base/abort.js";
import type { SessionTransport } from "../contract/door.js";
import type { TransportHandle } from "../contract/session.js";
import { Door } from "./door.js";

/** What `asTransport()` of a session gives: the near end of a pair, whose far end is a door that `ended` closes. */
export function asTransport(transport: TransportHandle, ended: AbortSignal): SessionTransport {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const door: Door = new Door(transport, far, () => stop());
  const stop = whenAborted(ended, () => void door.close());
  // Nothing is opened before the client's first message, and a pair in memory listens at once.
  void door.open().catch((error: Error) => near.onerror?.(error));
  return near;
}
