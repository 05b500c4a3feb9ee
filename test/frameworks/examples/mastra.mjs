import { MCPClient } from "@mastra/mcp";
import { inferTransport } from "holdfast";
import { serve } from "holdfast/serve";

const transport = inferTransport(process.argv[2]);
const served = await serve(transport, { http: { port: 0 } });
const client = new MCPClient({ servers: { files: { url: new URL(served.url) } } });
const tools = await client.listTools();
console.log(await tools.files_echo.execute({ message: "hello" }, {}));
await client.disconnect();
await served.close();
await transport.close();
