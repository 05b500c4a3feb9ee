import { langchainTools } from "holdfast/langchain";
import { contract } from "./support/contract.mjs";

async function open({ transport }, { answer, onChanged }) {
  const session = await transport.connectSession({ elicitation: () => answer(), onListChanged: onChanged });
  let tools = [];
  let onprogress;
  return {
    tools: async () => {
      tools = await langchainTools(session, { onProgress: ({ progress }) => onprogress?.(progress) });
      return tools.map(({ name }) => name);
    },
    call: async (name, args, { signal, ...options } = {}) => {
      onprogress = options.onprogress;
      return await tools.find((tool) => tool.name === name).invoke(args, { signal });
    },
    close: () => session.close(),
  };
}

contract("LangChain's tools, by holdfast/langchain", open, (error) => error);
