import { inferTransport } from "holdfast";
import { aiTools } from "holdfast/ai-sdk";

const transport = inferTransport(process.argv[2]);
const session = await transport.connectSession();
const tools = await aiTools(session, {
  onProgress: ({ progress, total }, { toolName }) => console.log(toolName, progress, total),
});
// generateText({ model, tools, prompt }) calls them so:
console.log(await tools.echo.execute({ message: "hello" }, { toolCallId: "1", messages: [] }));
await transport.close();
