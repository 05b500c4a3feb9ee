import type { Result } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";

type Show = (uri: string) => string;
type Meta = Record<string, unknown>;
interface Block {
  type?: string;
  uri?: string;
  resource?: { uri?: string };
  _meta?: Meta;
}

/** A result with every URI in it as the composite shows it. */
export function rewriteUris(method: string, result: Result, show: Show): Result {
  const whole = withMeta(result, show);
  const { content, messages, contents } = fieldsOf(whole);
  if (method === "tools/call" && Array.isArray(content))
    return { ...whole, content: content.map((block: Block) => rewriteBlock(block, show)) };
  if (method === "prompts/get" && Array.isArray(messages))
    return {
      ...whole,
      messages: messages.map((message: { content: Block }) => ({
        ...message,
        content: rewriteBlock(message.content, show),
      })),
    };
  if (method === "resources/read" && Array.isArray(contents))
    return { ...whole, contents: contents.map((item: Block) => rewriteContents(item, show)) };
  return whole;
}

/** Anything with the page of an MCP app in its `_meta`, in either of the two places in use, as the composite shows it. */
export function withMeta<T extends { _meta?: Meta | undefined }>(item: T, show: Show): T {
  const { _meta: meta } = item;
  const ui = fieldsOf(meta?.["ui"]);
  const inUi = typeof ui["resourceUri"] === "string" ? ui["resourceUri"] : undefined;
  const flat = meta?.["ui/resourceUri"];
  if (inUi === undefined && typeof flat !== "string") return item;
  return {
    ...item,
    _meta: {
      ...meta,
      ...(inUi !== undefined && { ui: { ...ui, resourceUri: show(inUi) } }),
      ...(typeof flat === "string" && { "ui/resourceUri": show(flat) }),
    },
  };
}

function rewriteBlock(given: Block, show: Show): Block {
  if (!given) return given;
  const block = withMeta(given, show);
  if (block.type === "resource_link" && block.uri !== undefined) return { ...block, uri: show(block.uri) };
  return block.type === "resource" && block.resource
    ? { ...block, resource: rewriteContents(block.resource, show) }
    : block;
}

const rewriteContents = (item: { uri?: string; _meta?: Meta }, show: Show) =>
  item.uri === undefined ? withMeta(item, show) : { ...withMeta(item, show), uri: show(item.uri) };
