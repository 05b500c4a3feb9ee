// As an agent calls a server: through the function tools that the SDK makes of it.
import { getAllMcpTools, RunContext } from "@openai/agents";
import { OpenAIServer } from "holdfast/openai-agents";
import { contract } from "./support/contract.mjs";

async function open({ transport }, { answer, onChanged }) {
  let onprogress;
  const server = new OpenAIServer(transport, {
    elicitation: () => answer(),
    onListChanged: onChanged,
    onProgress: ({ progress }) => onprogress?.(progress),
  });
  // Not the text for the model, but the error itself.
  server.errorFunction = null;
  await server.connect();
  let tools = [];
  const runContext = new RunContext();
  return {
    tools: async () => {
      tools = await getAllMcpTools({ mcpServers: [server], runContext });
      return tools.map(({ name }) => name);
    },
    call: async (name, args, { signal, ...options } = {}) => {
      onprogress = options.onprogress;
      const tool = tools.find((each) => each.name === name);
      const { text } = await tool.invoke(runContext, JSON.stringify(args), { signal });
      return text;
    },
    close: () => server.close(),
  };
}

contract("the OpenAI Agents SDK, by holdfast/openai-agents", open, (error) => error.details ?? error);
