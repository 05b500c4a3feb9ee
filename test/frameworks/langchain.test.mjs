import { loadMcpTools } from "@langchain/mcp-adapters";
import { contract } from "./support/contract.mjs";

async function open({ transport }, { answer, onChanged }) {
  const session = await transport.connectSession({
    elicitation: () => answer(),
    onListChanged: onChanged,
  });
  let tools = [];
  let onProgress;
  return {
    tools: async () => {
      tools = await loadMcpTools("fixture", session, {
        onProgress: ({ progress }) => onProgress?.(progress),
      });
      return tools.map(({ name }) => name);
    },
    call: async (name, args, { signal, onprogress } = {}) => {
      onProgress = onprogress;
      return await tools.find((tool) => tool.name === name).invoke(args, { signal });
    },
    close: () => session.close(),
  };
}

// It hands on the text of an error, and nothing else of it.
const lossIn = (error) => ({
  code: /was lost/.test(error.message) ? "CONNECTION_LOST" : error.message,
  outcome: /It may have been done/.test(error.message) ? "unknown" : error.message,
});

contract("LangChain's tools of an MCP client", open, lossIn);
