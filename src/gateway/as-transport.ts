import { InMemoryTransport } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import type { SessionTransport } from "../contract/door.js";
import type { TransportHandle } from "../contract/session.js";
import { cancelledBySignal } from "./cancelled-by-signal.js";
import type { Door } from "./door.js";
import { loadDoor } from "./load-door.js";

/** What `asTransport()` of a session gives: the near end of a pair, whose far end is a door that `ended` closes. */
export function asTransport(transport: TransportHandle, ended: AbortSignal): SessionTransport {
  const [near, far] = InMemoryTransport.createLinkedPair();
  let door: Door | undefined;
  let gone = false;
  far.onclose = () => {
    gone = true;
  };
  const stopWatching = cancelledBySignal(near, far);
  const stop = whenAborted(ended, () => void (door ?? far).close());
  // Nothing is opened before the client's first message, which waits in the pair until the door listens.
  void open().catch((error: Error) => near.onerror?.(error));
  return near;

  async function open(): Promise<void> {
    const { Door } = await loadDoor();
    // Race: the session ends, or the client closes its end, while the module is loaded.
    if (ended.aborted || gone) return;
    const onClosed = () => {
      stop();
      stopWatching();
    };
    door = new Door(transport, far, { onClosed });
    await door.open();
  }
}
