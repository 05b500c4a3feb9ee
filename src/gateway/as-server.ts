import type { SdkTransport, ServerDoor } from "../contract/door.js";
import type { TransportHandle } from "../contract/session.js";
import type { Door } from "./door.js";
import { loadDoor } from "./load-door.js";

/** What `asServer()` of a transport gives. */
export function asServer(transport: TransportHandle): ServerDoor {
  const doors = new Set<Promise<Door>>();
  const found = {};
  return {
    async connect(downstream: SdkTransport) {
      const making: Promise<Door> = loadDoor().then(
        ({ Door }) => new Door(transport, downstream, { found, onClosed: () => doors.delete(making) }),
      );
      doors.add(making);
      const door = await making;
      await door.open();
    },
    async close() {
      await Promise.all([...doors].map(async (making) => (await making).close()));
    },
  };
}
