import { StdioTransport, StreamableHttpTransport, WSTransport } from "../../dist/index.js";
import { run } from "./loop.mjs";

await run(async ({ kind, url, command, args }) => {
  const transport =
    kind === "stdio"
      ? new StdioTransport({ command, args })
      : kind === "ws"
        ? new WSTransport({ url })
        : new StreamableHttpTransport({ url });
  const session = await transport.connectSession();
  return {
    call: () => session.callTool({ name: "echo", arguments: { message: "x" } }),
    close: () => transport.close(),
  };
});
