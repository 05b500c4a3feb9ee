// Calls a tool that takes long, as a task. Killed and started again, it takes up the same task: node long-task.mjs URL TOOL
import { fileTaskStore, inferTransport } from "holdfast";

const [url, tool] = process.argv.slice(2);
const transport = inferTransport(url, { name: "reports" });

await transport.withSession(
  async (session) => {
    const result = await session.callTool(
      { name: tool, arguments: {} },
      {
        task: { key: `nightly ${tool}` },
        onTask: ({ status, statusMessage = "" }) => console.log(status, statusMessage),
      },
    );
    console.log("result:", result.content[0]?.text);
  },
  { taskStore: fileTaskStore("tasks.json") },
);
await transport.close();
