import { SSETransport, StdioTransport, StreamableHttpTransport, WSTransport } from "../../dist/index.js";
import { run } from "./loop.mjs";

await run(async ({ kind, url, command, args, heartbeat }) => {
  const transport =
    kind === "stdio"
      ? new StdioTransport({ command, args })
      : kind === "ws"
        ? new WSTransport({ url })
        : kind === "sse"
          ? new SSETransport({ url, heartbeat })
          : new StreamableHttpTransport({ url, ...(heartbeat && { heartbeat }) });
  const session = await transport.connectSession();
  return {
    call: () => session.callTool({ name: "echo", arguments: { message: "x" } }),
    close: () => transport.close(),
  };
});
