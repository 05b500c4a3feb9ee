import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { contract } from "./support/contract.mjs";
import { lossOf, namesOf, textOf } from "./support/words.mjs";

async function open({ transport }, { answer, onChanged }) {
  const session = await transport.connectSession();
  const client = new Client({ name: "program", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: answer() }));
  client.setNotificationHandler(ToolListChangedNotificationSchema, onChanged);
  await client.connect(session.asTransport());
  return {
    tools: async () => namesOf(await client.listTools()),
    call: async (name, args, { onprogress, ...options } = {}) => {
      const told = onprogress && { onprogress: ({ progress }) => onprogress(progress) };
      return textOf(await client.callTool({ name, arguments: args }, undefined, { ...options, ...told }));
    },
    close: () => client.close(),
  };
}

contract("the Client of SDK 1", open, lossOf);
