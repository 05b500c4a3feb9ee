import { Client } from "@modelcontextprotocol/client";
import { contract } from "./support/contract.mjs";
import { lossOf, namesOf, textOf } from "./support/words.mjs";

const opened = (mode) =>
  async function open({ transport }, { answer, onChanged }) {
    const session = await transport.connectSession();
    const client = new Client(
      { name: "program", version: "1" },
      {
        capabilities: { elicitation: {} },
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, onChanged } },
      },
    );
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: answer() }));
    await client.connect(session.asTransport());
    return {
      tools: async () => namesOf(await client.listTools()),
      call: async (name, args, { onprogress, ...options } = {}) => {
        const told = onprogress && { onprogress: ({ progress }) => onprogress(progress) };
        return textOf(await client.callTool({ name, arguments: args }, { ...options, ...told }));
      },
      close: () => client.close(),
    };
  };

contract("the Client of SDK 2, legacy", opened("legacy"), lossOf);
contract("the Client of SDK 2, in the era that it finds", opened("auto"), lossOf);
