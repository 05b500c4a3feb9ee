import {
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  ProtocolErrorCode,
  type RequestId,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../../base/fields.js";
import { excerpt, isObject, shapeOf } from "./excerpt.js";
import { mend } from "./mend.js";
import { checkSaid } from "./shapes.js";

type Fields = Record<string, unknown>;

/** What the reader asks of the requests in flight. */
export interface Requests {
  /** The request that an answer's id means. */
  idOf(id: unknown): RequestId | undefined;
  /** The one request in flight, if there is just one. */
  readonly only: RequestId | undefined;
  get(id: RequestId): { readonly method: string; readonly modern: boolean } | undefined;
}

/** What one message that came in is. */
export type Envelope =
  | { kind: "result"; id: RequestId; result: unknown }
  | { kind: "error"; id: RequestId; error: JSONRPCErrorResponse["error"] }
  /** An answer to a request in flight, and no telling what it says. */
  | { kind: "invalid"; id: RequestId; reason: string }
  /** An answer to nobody: late, duplicate or invented. */
  | { kind: "stray"; message: unknown }
  /** A request or a notification. */
  | { kind: "said"; message: JSONRPCMessage }
  /** No message; with an id, it is a request that can be refused. */
  | { kind: "unknown"; reason: string; text: string; id?: RequestId };

/** Reads the envelope of one message as it is meant. */
export function readEnvelope(value: unknown, requests: Requests): Envelope {
  if (!isObject(value)) return unknown(value, `it is ${shapeOf(value)}`);
  const hasResult = value["result"] !== undefined;
  const hasError = value["error"] !== undefined;
  const method = value["method"] ?? undefined;
  if (hasResult || hasError) {
    const id = answered(value, requests);
    if (id !== undefined) return readAnswer(id, value);
    if (method === undefined)
      return value["jsonrpc"] === "2.0"
        ? { kind: "stray", message: value }
        : unknown(value, "jsonrpc is missing");
  }
  if (typeof method === "string") return readSaid(value, method);
  if (method !== undefined) return unknown(value, `its method is ${shapeOf(method)}`);
  const id = requests.idOf(value["id"]);
  if (id === undefined) return unknown(value, "it has no method, no result and no error");
  return { kind: "invalid", id, reason: "it has no result and no error" };
}

function unknown(value: unknown, reason: string): Extract<Envelope, { kind: "unknown" }> {
  return { kind: "unknown", reason, text: excerpt(value) };
}

/** JSON-RPC answers with a null id where a request could not be read; with one in flight, that is the one. */
function answered(value: Fields, requests: Requests): RequestId | undefined {
  const { id, jsonrpc } = value;
  if (id !== null && !(id === undefined && jsonrpc === "2.0")) return requests.idOf(id);
  return value["method"] === undefined ? requests.only : undefined;
}

function readAnswer(id: RequestId, value: Fields): Envelope {
  const { result, error } = value;
  // Null for not set, beside what is set.
  if (error === undefined || (error === null && result !== undefined && result !== null))
    return { kind: "result", id, result };
  if (error === null)
    return { kind: "invalid", id, reason: `the error is null and the result is ${shapeOf(result)}` };
  if (result !== undefined && result !== null)
    return { kind: "invalid", id, reason: "it has a result and an error" };
  return { kind: "error", id, error: readError(error) };
}

function readError(given: unknown): JSONRPCErrorResponse["error"] {
  if (typeof given === "string") return { code: ProtocolErrorCode.InternalError, message: given };
  if (!isObject(given))
    return { code: ProtocolErrorCode.InternalError, message: `the server's error is ${excerpt(given)}` };
  const { code, message, data } = given;
  if (typeof code === "number" && Number.isSafeInteger(code) && typeof message === "string")
    return { code, message, ...(data !== undefined && { data }) };
  const number = Number.parseInt(String(code), 10);
  const rest = data ?? (typeof code === "string" ? { code } : undefined);
  return {
    code: Number.isSafeInteger(number) ? number : ProtocolErrorCode.InternalError,
    message: typeof message === "string" ? message : `an error without a message: ${excerpt(given)}`,
    ...(rest !== undefined && { data: rest }),
  };
}

const SAID_FIELDS = new Set(["jsonrpc", "id", "method", "params"]);

/** A request or a notification. Fields that nobody knows, and null for not set, make the SDK drop it. */
function readSaid(value: Fields, method: string): Envelope {
  const id = value["id"] ?? undefined;
  const params = value["params"] ?? undefined;
  if (id !== undefined && typeof id !== "string" && !Number.isSafeInteger(id))
    return unknown(value, `the id of ${excerpt(method)} is ${shapeOf(id)}`);
  const request = id === undefined ? {} : { id: id as RequestId };
  if (params !== undefined && !isObject(params))
    return { ...unknown(value, `the params of ${excerpt(method)} are ${shapeOf(params)}`), ...request };
  const odd = params !== undefined && hasNull(params);
  const plain = !odd && value["jsonrpc"] === "2.0" && value["id"] !== null && value["params"] !== null;
  if (plain && Object.keys(value).every((key) => SAID_FIELDS.has(key)))
    return { kind: "said", message: value as unknown as JSONRPCMessage };
  const read = odd ? paramsAsMeant(method, params) : params;
  const message = { jsonrpc: "2.0", ...request, method, ...(read && { params: read }) };
  return { kind: "said", message: message as JSONRPCMessage };
}

const hasNull = (params: Fields): boolean =>
  Object.values(params).includes(null) ||
  (isObject(params["_meta"]) && Object.values(params["_meta"]).includes(null));

/** What is wrong with them for another reason the Client says. */
function paramsAsMeant(method: string, params: Fields): Fields {
  const mended = mend({ method, params }, checkSaid(method));
  return typeof mended === "string" ? params : fieldsOf(fieldsOf(mended.value)["params"]);
}
