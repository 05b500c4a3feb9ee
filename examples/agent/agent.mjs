import { pathToFileURL } from "node:url";
import { inferTransport } from "holdfast";

/** What the agent does. Its test hands in a recording in the place of the servers. */
export async function agent(target, options) {
  const transport = inferTransport(target, options);
  try {
    return await transport.withSession(async (session) => {
      const { tools } = await session.listTools();
      console.log(tools.map((tool) => tool.name).join(", "));
      const result = await session.callTool({ name: "get-sum", arguments: { a: 19, b: 23 } });
      return result.content[0].text;
    });
  } finally {
    await transport.close();
  }
}

// node agent.mjs: with the servers of mcp.json. node agent.mjs agent.jsonl: the same, and records what passes, for the test.
if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await agent("mcp.json", { record: process.argv[2] }));
}
