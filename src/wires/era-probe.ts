import type { JSONRPCMessage } from "@modelcontextprotocol/client";

/** How the SDK names its probe for the era. */
const PROBE = "server-discover-probe-";

/**
 * The SDK takes a discover answer for modern although it lacks what the revision requires. Such an answer is
 * turned into "method not found" here, so that the SDK falls back to the legacy handshake by itself.
 */
export function checkedProbeAnswer(message: JSONRPCMessage): JSONRPCMessage {
  if (!("result" in message) || typeof message.id !== "string" || !message.id.startsWith(PROBE))
    return message;
  const { resultType, ttlMs, cacheScope } = message.result as Record<string, unknown>;
  if (resultType === "complete" && typeof ttlMs === "number" && typeof cacheScope === "string")
    return message;
  return {
    jsonrpc: "2.0",
    id: message.id,
    error: { code: -32601, message: "the discover answer does not fit its revision" },
  };
}
