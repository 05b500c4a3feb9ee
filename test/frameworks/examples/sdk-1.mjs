import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { inferTransport } from "holdfast";

const transport = inferTransport(process.argv[2]);
const session = await transport.connectSession();
const client = new Client({ name: "my-program", version: "1.0.0" });
await client.connect(session.asTransport());
console.log(await client.callTool({ name: "echo", arguments: { message: "hello" } }));
await transport.close();
