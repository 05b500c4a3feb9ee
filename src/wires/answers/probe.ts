import { type JSONRPCErrorResponse, ProtocolErrorCode, type RequestId } from "@modelcontextprotocol/client";
import { isObject } from "./excerpt.js";

/** How the SDK names its probe for the era. */
const PROBE = "server-discover-probe-";

export const isProbe = (id: RequestId): boolean => typeof id === "string" && id.startsWith(PROBE);

/** Whether a discover answer has what the modern revision requires. The SDK takes a server for modern without it, too. */
export function fitsRevision(result: unknown): boolean {
  if (!isObject(result)) return false;
  const { resultType, ttlMs, cacheScope } = result;
  return resultType === "complete" && typeof ttlMs === "number" && typeof cacheScope === "string";
}

/** The answer with which the SDK falls back to the legacy handshake by itself. */
export function notModern(id: RequestId): JSONRPCErrorResponse {
  const message = "the discover answer does not fit its revision";
  return { jsonrpc: "2.0", id, error: { code: ProtocolErrorCode.MethodNotFound, message } };
}
