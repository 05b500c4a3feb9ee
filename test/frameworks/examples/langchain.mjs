import { inferTransport } from "holdfast";
import { langchainTools } from "holdfast/langchain";

const transport = inferTransport(process.argv[2]);
const session = await transport.connectSession();
const tools = await langchainTools(session);
// createAgent({ model, tools }) calls them so:
console.log(await tools.find(({ name }) => name === "echo").invoke({ message: "hello" }));
await transport.close();
