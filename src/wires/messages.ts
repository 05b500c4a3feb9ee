import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { SERVER_ERROR } from "../contract/protocol.js";

/** Whether a parsed value has the shape of a JSON-RPC message, by its envelope. What is inside is read at the guard. */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (typeof value !== "object" || value === null || fieldsOf(value)["jsonrpc"] !== "2.0") return false;
  if ("method" in value) return typeof value.method === "string";
  return "result" in value || "error" in value;
}

/** The request that a notification cancels, if it is one that does. */
export function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const { requestId: id } = fieldsOf(message.params);
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

/** Whether a message is an answer that says that the server cannot answer. */
export const isServerError = (message: JSONRPCMessage): boolean =>
  "error" in message && fieldsOf(message.error)["code"] === SERVER_ERROR;

const ANSWER_FIELDS = new Set(["id", "result", "error"]);

/** Whether a parsed value means to be one, for the guard to read it as it is meant: an answer may lack its version. */
function mayBeMessage(value: unknown): value is JSONRPCMessage {
  if (typeof value !== "object" || value === null) return false;
  if ("jsonrpc" in value) return true;
  // A log entry may have fields that are called so, among others.
  const keys = Object.keys(value);
  return keys.length > 1 && keys.includes("id") && keys.every((key) => ANSWER_FIELDS.has(key));
}

/** Nothing of ours is answered in a batch. Of one that is larger than anybody needs the rest is left out. */
export const MAX_BATCH = 1_000;

/** The messages of one frame or line, those of a batch one by one; undefined where it holds none. */
export function parseMessages(text: string): JSONRPCMessage[] | undefined {
  const value = parseJson(text) ?? parseJson(withoutNonNumbers(text));
  const messages = (Array.isArray(value) ? value.slice(0, MAX_BATCH) : [value]).filter(mayBeMessage);
  return messages.length > 0 ? messages : undefined;
}

/** Python writes these where JSON has no number. */
const NO_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

const withoutNonNumbers = (text: string) =>
  text.replace(NO_NUMBER, (found) => (found.startsWith('"') ? found : "null"));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is looked at of an answer that cannot be read, from either end. */
export const ENDS = 512;

const ID = String.raw`"id"\s*:\s*(\d+|"[^"\\]*")`;
const FIRST_ID = String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?${ID}\s*,`;
const HEAD_ID = new RegExp(String.raw`${FIRST_ID}(?!\s*"method")`);
const REQUEST_ID = new RegExp(FIRST_ID);
const TAIL_ID = new RegExp(String.raw`,\s*${ID}\s*\}\s*$`);
const BEGINS_WITH_METHOD = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"method"/;

/**
 * The id of an answer that was too large to keep, from the first and last bytes of it: it stands either before
 * the result or after it, and only the outermost object can begin or end there.
 */
export function idOfCutAnswer(head: string, tail: string): RequestId | undefined {
  return BEGINS_WITH_METHOD.test(head) ? undefined : idIn(HEAD_ID, head, tail);
}

/** The same of a request. */
export const idOfCutRequest = (head: string, tail: string): RequestId | undefined =>
  idIn(REQUEST_ID, head, tail);

function idIn(first: RegExp, head: string, tail: string): RequestId | undefined {
  const found = first.exec(head)?.[1] ?? TAIL_ID.exec(tail)?.[1];
  return found === undefined ? undefined : JSON.parse(found);
}

/** The id of an answer whose text is no JSON. */
export const idOfAnswer = (text: string): RequestId | undefined =>
  idOfCutAnswer(text.slice(0, ENDS), text.slice(-ENDS));
