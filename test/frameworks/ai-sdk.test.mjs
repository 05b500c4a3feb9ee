import { createMCPClient, ElicitationRequestSchema } from "@ai-sdk/mcp";
import { contract } from "./support/contract.mjs";
import { lossOf, textOf } from "./support/words.mjs";

async function open({ transport }, { answer }) {
  const session = await transport.connectSession();
  const client = await createMCPClient({
    transport: session.asTransport(),
    capabilities: { elicitation: {} },
  });
  client.onElicitationRequest(ElicitationRequestSchema, () => ({ action: "accept", content: answer() }));
  let tools = {};
  return {
    tools: async () => {
      tools = await client.tools();
      return Object.keys(tools);
    },
    call: async (name, args, { signal } = {}) =>
      textOf(await tools[name].execute(args, { toolCallId: "1", messages: [], abortSignal: signal })),
    close: () => client.close(),
  };
}

contract("the AI SDK's client", open, lossOf, {
  progress: "its calls take no handler of progress; holdfast/ai-sdk has one",
  changes: "its client has no handler of notifications; tools() asks anew each time",
});
