import type { SdkTransport, ServerDoor } from "../contract/door.js";
import type { TransportHandle } from "../contract/session.js";
import { Door } from "./door.js";

/** What `asServer()` of a transport gives. */
export function asServer(transport: TransportHandle): ServerDoor {
  const doors = new Set<Door>();
  return {
    async connect(downstream: SdkTransport) {
      const door: Door = new Door(transport, downstream, () => doors.delete(door));
      doors.add(door);
      await door.open();
    },
    async close() {
      await Promise.all([...doors].map((door) => door.close()));
    },
  };
}
