import type { CallToolResult, GetPromptResult, ReadResourceResult } from "@modelcontextprotocol/client";

type Block = CallToolResult["content"][number];

/** A content block as text. Binary data is described, not printed. */
export function showBlock(block: Block): string {
  if (block.type === "text") return block.text;
  if (block.type === "resource_link") return `${block.name}: ${block.uri}`;
  if (block.type === "resource") return showResource(block.resource);
  return `[${block.type}, ${block.mimeType}, ${Math.floor((block.data.length * 3) / 4)} bytes]`;
}

export function showResource(resource: ReadResourceResult["contents"][number]): string {
  if ("text" in resource) return resource.text;
  return `[${resource.mimeType ?? "binary"}, ${Math.floor((resource.blob.length * 3) / 4)} bytes] ${resource.uri}`;
}

export function showPrompt({ messages }: GetPromptResult): string {
  return messages.map(({ role, content }) => `${role}: ${showBlock(content)}`).join("\n");
}
