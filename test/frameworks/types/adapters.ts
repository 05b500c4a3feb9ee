// The adapters fit where each framework takes its own kind of server or tools, without a cast.
import { query } from "@anthropic-ai/claude-agent-sdk";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { Agent, type MCPServer } from "@openai/agents";
import { generateText, type LanguageModel, type ToolSet } from "ai";
import type { Session, TransportHandle } from "holdfast";
import { aiTools } from "holdfast/ai-sdk";
import { claudeServer } from "holdfast/claude-agent";
import { langchainTools } from "holdfast/langchain";
import { OpenAIServer } from "holdfast/openai-agents";

export async function useEach(transport: TransportHandle, session: Session, model: LanguageModel) {
  query({ prompt: "hello", options: { mcpServers: { files: claudeServer(transport) } } });
  const server: MCPServer = new OpenAIServer(transport, { elicitation: () => ({ name: "a person" }) });
  new Agent({ name: "agent", mcpServers: [server] });
  const tools: ToolSet = await aiTools(session);
  await generateText({ model, prompt: "hello", tools });
  const lang: StructuredToolInterface[] = await langchainTools(session, {
    onProgress: ({ progress, total }, { toolName }) => console.log(toolName, progress, total),
  });
  return lang;
}
