import type { Result } from "@modelcontextprotocol/client";

type Show = (uri: string) => string;
type Block = { type?: string; uri?: string; resource?: { uri?: string } };

/** A result with every URI in it as the composite shows it. */
export function rewriteUris(method: string, result: Result, show: Show): Result {
  switch (method) {
    case "tools/call": {
      const { content } = result as { content?: Block[] };
      return content?.some(hasUri)
        ? { ...result, content: content.map((block) => rewriteBlock(block, show)) }
        : result;
    }
    case "prompts/get": {
      const { messages } = result as { messages?: { content: Block }[] };
      if (!messages?.some(({ content }) => hasUri(content))) return result;
      return {
        ...result,
        messages: messages.map((message) => ({ ...message, content: rewriteBlock(message.content, show) })),
      };
    }
    case "resources/read": {
      const { contents } = result as { contents?: { uri: string }[] };
      if (!contents) return result;
      return { ...result, contents: contents.map((item) => ({ ...item, uri: show(item.uri) })) };
    }
    default:
      return result;
  }
}

const hasUri = ({ type }: Block) => type === "resource_link" || type === "resource";

function rewriteBlock(block: Block, show: Show): Block {
  if (block.type === "resource_link" && block.uri !== undefined) return { ...block, uri: show(block.uri) };
  const uri = block.resource?.uri;
  if (block.type !== "resource" || uri === undefined) return block;
  return { ...block, resource: { ...block.resource, uri: show(uri) } };
}
