// Mastra takes an address or a command, and no transport: holdfast serves it over HTTP.
import { MCPClient } from "@mastra/mcp";
import { serve } from "holdfast/serve";
import { contract } from "./support/contract.mjs";
import { textOf } from "./support/words.mjs";

async function open({ transport }, { asks, answer, onChanged }) {
  const served = await serve(transport, { http: { port: 0 } });
  const client = new MCPClient({
    id: crypto.randomUUID(),
    servers: {
      fixture: {
        url: new URL(served.url),
        enableProgressTracking: true,
        onToolError: "throw",
        // In front of a server of the legacy era, a client that can be asked gets processes of its own, whose lists are theirs.
        ...(asks && { inputRequests: async () => ({ action: "accept", content: answer() }) }),
      },
    },
  });
  let onprogress;
  await client.progress.onUpdate("fixture", ({ progress }) => onprogress?.(progress));
  await client.tools.onListChanged("fixture", onChanged);
  let tools = {};
  return {
    tools: async () => {
      ({ fixture: tools } = await client.listToolsets());
      return Object.keys(tools);
    },
    call: async (name, args, options = {}) => {
      onprogress = options.onprogress;
      return textOf(await tools[name].execute(args, { abortSignal: options.signal }));
    },
    close: async () => {
      await client.disconnect();
      await served.close();
    },
  };
}

contract("Mastra, over holdfast serve", open, (error) => error.data?.holdfast ?? error);
