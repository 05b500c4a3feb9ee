import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";

/**
 * Whether a parsed value has the shape of a JSON-RPC message. Only the envelope is looked at: the SDK's Client
 * validates what is inside, once.
 */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (typeof value !== "object" || value === null || (value as { jsonrpc?: unknown }).jsonrpc !== "2.0")
    return false;
  if ("method" in value) return typeof value.method === "string";
  return "result" in value || "error" in value;
}

/** The messages of one frame or line, a batch included; undefined if it holds anything else. */
export function parseMessages(text: string): JSONRPCMessage[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return isMessage(value) ? [value] : undefined;
  return value.length > 0 && value.every(isMessage) ? value : undefined;
}

/** What is looked at of an answer that cannot be read, from either end. */
export const ENDS = 512;

const ID = String.raw`"id"\s*:\s*(\d+|"[^"\\]*")`;
const HEAD_ID = new RegExp(String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?${ID}\s*,(?!\s*"method")`);
const TAIL_ID = new RegExp(String.raw`,\s*${ID}\s*\}\s*$`);
const BEGINS_WITH_METHOD = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"method"/;

/**
 * The id of an answer that was too large to keep, from the first and last bytes of it: it stands either before
 * the result or after it, and only the outermost object can begin or end there.
 */
export function idOfCutAnswer(head: string, tail: string): RequestId | undefined {
  if (BEGINS_WITH_METHOD.test(head)) return undefined;
  const found = HEAD_ID.exec(head)?.[1] ?? TAIL_ID.exec(tail)?.[1];
  return found === undefined ? undefined : JSON.parse(found);
}

/** The id of an answer whose text is no JSON. */
export const idOfAnswer = (text: string): RequestId | undefined =>
  idOfCutAnswer(text.slice(0, ENDS), text.slice(-ENDS));
