import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { untilAborted, withDeadline } from "../base/wait.js";
import type { ClientTransport } from "../transports/transport.js";
import { Draining } from "./draining.js";
import { FollowedClient } from "./followed-client.js";
import { FollowedClients } from "./followed-clients.js";
import { DRAIN_MS, type Served } from "./served.js";

/** The one client at this process's stdin and stdout. */
export async function serveOnStdio(transport: ClientTransport): Promise<Served> {
  const client = new Draining(
    new StdioServerTransport(),
    new FollowedClient(new FollowedClients(transport, "pipe")),
  );
  const server = transport.asServer();
  await server.connect(client);
  const close = () => server.close();
  return {
    url: undefined,
    closed: client.closed,
    close,
    async drain(ms = DRAIN_MS) {
      const expired = () => new Error(`calls were still running after ${ms} ms`);
      await withDeadline({ ms, expired }, (signal) => untilAborted(client.drain(), signal)).catch(() => {});
      await close();
    },
  };
}
