import { Agent, RunContext } from "@openai/agents";
import { inferTransport } from "holdfast";
import { OpenAIServer } from "holdfast/openai-agents";

const transport = inferTransport(process.argv[2]);
const server = new OpenAIServer(transport);
await server.connect();
const agent = new Agent({ name: "my agent", instructions: "Use the tools.", mcpServers: [server] });
// run(agent, "…") calls them so:
const tools = await agent.getMcpTools(new RunContext());
console.log(await tools.find(({ name }) => name === "echo").invoke(new RunContext(), '{"message":"hello"}'));
await transport.close();
