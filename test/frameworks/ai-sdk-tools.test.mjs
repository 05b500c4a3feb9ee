// As generateText runs the tools: a model of the test asks for the call that the suite wants.
import { generateText, stepCountIs } from "ai";
import { aiTools } from "holdfast/ai-sdk";
import { contract } from "./support/contract.mjs";
import { textOf } from "./support/words.mjs";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A language model that asks for one call of a tool. */
const calling = (toolName, args) => ({
  specificationVersion: "v4",
  provider: "test",
  modelId: "test",
  supportedUrls: {},
  doGenerate: async () => ({
    content: [{ type: "tool-call", toolCallId: "1", toolName, input: JSON.stringify(args) }],
    finishReason: { unified: "tool-calls", raw: undefined },
    usage,
    warnings: [],
  }),
});

async function open({ transport }, { answer, onChanged }) {
  const session = await transport.connectSession({ elicitation: () => answer(), onListChanged: onChanged });
  let tools = {};
  let onprogress;
  return {
    tools: async () => {
      tools = await aiTools(session, { onProgress: ({ progress }) => onprogress?.(progress) });
      return Object.keys(tools);
    },
    call: async (name, args, { signal, ...options } = {}) => {
      onprogress = options.onprogress;
      const { content } = await generateText({
        model: calling(name, args),
        tools,
        prompt: "go",
        stopWhen: stepCountIs(1),
        abortSignal: signal,
      });
      const failed = content.find(({ type }) => type === "tool-error");
      if (failed) throw failed.error;
      return textOf(content.find(({ type }) => type === "tool-result").output);
    },
    close: () => session.close(),
  };
}

contract("generateText of the AI SDK, by holdfast/ai-sdk", open, (error) => error);
