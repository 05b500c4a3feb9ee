import { isDeepStrictEqual } from "node:util";
import type { CallToolRequestOptions, CallToolResult, Client } from "@modelcontextprotocol/client";
import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { ReplayOption, Session } from "../contract/session.js";

/**
 * Calls a tool and gives its data: the structured result (what FastMCP wraps as `{ result }` is unwrapped), else the
 * only text, read as JSON where it is JSON, else the content blocks as they came; `null` where there is nothing.
 * @throws HoldfastError `TOOL_FAILED` with the server's text when the tool says that it failed; else as `callTool`
 */
export async function toolData(
  session: Client,
  name: string,
  args: Record<string, unknown> = {},
  options?: CallToolRequestOptions & ReplayOption,
): Promise<unknown> {
  const result = await session.callTool({ name, arguments: args }, options);
  if (result.isError) throw toolFailed(session, name, result);
  const { structuredContent, content } = result;
  if (structuredContent !== undefined && structuredContent !== null) return unwrapped(result);
  const [first] = content;
  if (first === undefined) return null;
  return content.length === 1 && first.type === "text" ? parsed(first.text) : content;
}

/**
 * Structured content must be an object, so servers of Python wrap what is none: they say so in `_meta`, or their text
 * is that of the value alone.
 */
function unwrapped({ structuredContent, content, _meta }: CallToolResult): unknown {
  const structured = fieldsOf(structuredContent);
  const keys = Object.keys(structured);
  if (keys.length !== 1 || keys[0] !== "result") return structured;
  const says = fieldsOf(_meta?.["fastmcp"])["wrap_result"] === true;
  const [first] = content;
  const alone = first?.type === "text" && !isDeepStrictEqual(parsed(first.text), structured);
  return says || alone ? structured["result"] : structured;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a tool said when it failed. */
export function toolFailed(session: Client, tool: string, { content }: CallToolResult): HoldfastError {
  const server =
    (session as Partial<Session>).connection?.name ?? session.getServerVersion()?.name ?? "the server";
  const said = content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n");
  return new HoldfastError("TOOL_FAILED", `${server}: ${tool} failed: ${said || "it did not say why"}`, {
    server,
    tool,
  });
}
