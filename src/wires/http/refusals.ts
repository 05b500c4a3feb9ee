import {
  type JSONRPCErrorResponse,
  type RequestId,
  SdkErrorCode,
  SdkHttpError,
} from "@modelcontextprotocol/client";
import { parseMessages } from "../messages.js";
import type { HttpAnswer } from "./answer.js";
import type { HttpClient } from "./client.js";
import { busy, reasonOf, refused } from "./failures.js";
import { unfollowed } from "./redirect.js";
import type { HttpRequest } from "./request.js";

/** Codes of a server that read the request, so that it knows the session. */
const READ_CODES = new Set([-32700, -32600, -32601, -32602, -32603]);

/** What a server that refused a request said. */
export interface Refused {
  /** The server's own error, under the id of the request. */
  answer?: JSONRPCErrorResponse;
  /** It names the request: that was read, and its session is known. */
  read?: boolean;
  /** What the caller is told where there is no answer. */
  error: Error;
}

export async function readRefusal(
  answer: HttpAnswer,
  request: HttpRequest,
  client: HttpClient,
): Promise<Refused> {
  const text = await reasonOf(answer, request, client);
  const unauthorized = client.unauthorized(answer);
  if (unauthorized) return { error: unauthorized };
  const elsewhere = unfollowed(answer, request);
  if (elsewhere !== undefined) return { error: elsewhereError(answer.status, elsewhere) };
  const error = refused(answer, text);
  const late = busy(answer, error);
  if (late) return { error: late };
  return { error, ...errorIn(text, answer.status, request.id) };
}

const elsewhereError = (status: number, message: string) =>
  new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, message, { status, statusText: "" });

/** The error of JSON-RPC in the body of a refusal; it concerns the request where it names that, or nobody. */
function errorIn(text: string, status: number, id: RequestId | undefined): Omit<Refused, "error"> {
  const [message, ...more] = (id !== undefined && parseMessages(text)) || [];
  if (!message || more.length > 0 || !("error" in message) || id === undefined) return {};
  const own = String(message.id ?? "") === String(id);
  const nobodys = (message.id === undefined || message.id === null) && status < 500 && status !== 403;
  if (!own && !nobodys) return {};
  return { answer: { ...message, id }, read: own && (status !== 404 || READ_CODES.has(message.error.code)) };
}
