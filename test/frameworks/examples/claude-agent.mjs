import { query } from "@anthropic-ai/claude-agent-sdk";
import { inferTransport } from "holdfast";
import { claudeServer } from "holdfast/claude-agent";

const transport = inferTransport(process.argv[2]);
const options = {
  mcpServers: { fixture: claudeServer(transport) },
  allowedTools: ["mcp__fixture__echo"],
  // Nothing: the SDK's own.
  pathToClaudeCodeExecutable: process.argv[4],
};
for await (const message of query({ prompt: process.argv[3], options }))
  if (message.type === "assistant") console.log(JSON.stringify(message.message.content));
await transport.close();
