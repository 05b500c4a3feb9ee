import { DynamicStructuredTool } from "@langchain/core/tools";
import type { CallToolResult, Progress, Tool } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";
import { toolFailed } from "../session/tool-data.js";

/** Options of `langchainTools`. */
export interface LangChainToolsOptions {
  /** Called with the progress of each call. */
  onProgress?: (progress: Progress, call: { toolName: string }) => void;
}

/**
 * The tools that the session's server has now, for agents of LangChain and LangGraph. The whole result is the artifact of a tool's
 * message. A call that is aborted there is cancelled on the server. A lost call rejects with `CONNECTION_LOST`.
 */
export async function langchainTools(
  session: Session,
  { onProgress }: LangChainToolsOptions = {},
): Promise<DynamicStructuredTool[]> {
  const { tools } = await session.listTools();
  return tools.map(made);

  function made({ name, description, inputSchema }: Tool): DynamicStructuredTool {
    return new DynamicStructuredTool({
      name,
      description: description ?? "",
      schema: { ...inputSchema, properties: inputSchema.properties ?? {} },
      responseFormat: "content_and_artifact",
      func: async (input, _manager, config) => {
        const result = await session.callTool(
          { name, arguments: fieldsOf(input) },
          {
            ...(config?.signal && { signal: config.signal }),
            ...(onProgress && { onprogress: (progress) => onProgress(progress, { toolName: name }) }),
          },
        );
        if (result.isError) throw toolFailed(session, name, result);
        return [contentOf(result), result];
      },
    });
  }
}

/** One text as a string, which every model takes; else the blocks of LangChain. */
function contentOf({ content }: CallToolResult): unknown {
  const [first] = content;
  if (content.length === 1 && first?.type === "text") return first.text;
  return content.map((block) => {
    if (block.type === "text") return { type: "text", text: block.text };
    if (block.type === "image" || block.type === "audio")
      return { type: block.type, mimeType: block.mimeType, data: block.data };
    return { type: "text", text: JSON.stringify(block) };
  });
}
