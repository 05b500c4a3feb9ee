import type { Transport } from "@modelcontextprotocol/client";
import type { RecordedServer } from "./server.js";

/** Plays a recording to the client at this process's stdin and stdout. Settles when the client is gone. */
export async function playOnStdio(server: RecordedServer): Promise<void> {
  const { StdioServerTransport } = await import("@modelcontextprotocol/server/stdio");
  const side: Transport = new StdioServerTransport();
  const closed = new Promise<void>((resolve) => {
    side.onclose = resolve;
  });
  await server.connect(side);
  await closed;
}
