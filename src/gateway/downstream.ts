import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  type Implementation,
  type JSONRPCMessage,
} from "@modelcontextprotocol/server";
import { isHoldfastError } from "../base/errors.js";
import { type Fields, fieldsOf } from "../base/fields.js";

/** What a client said of itself with its first request. */
export interface Introduction {
  id: string | number | undefined;
  clientInfo: Implementation | undefined;
  capabilities: ClientCapabilities;
}

const fieldsIn = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** The introduction in a request of either era; undefined: it holds none. */
export function introductionIn(message: JSONRPCMessage): Introduction | undefined {
  if (!("method" in message) || !("id" in message)) return undefined;
  const params = fieldsIn(message.params);
  const meta = fieldsIn(params["_meta"]);
  const legacy = message.method === "initialize";
  if (!legacy && meta[CLIENT_CAPABILITIES_META_KEY] === undefined) return undefined;
  const info = fieldsIn(legacy ? params["clientInfo"] : meta[CLIENT_INFO_META_KEY]);
  const { name, version } = info;
  return {
    id: message.id,
    clientInfo:
      typeof name === "string" && typeof version === "string" ? { ...info, name, version } : undefined,
    capabilities: fieldsIn(legacy ? params["capabilities"] : meta[CLIENT_CAPABILITIES_META_KEY]),
  };
}

/** The same message as others may read it: an error of ours becomes plain data, so that its outcome survives the way. */
export function inPlainWords<M extends object>(message: M): M {
  const error = fieldsOf(fieldsOf(message)["error"]);
  const { data } = error;
  if (!isHoldfastError(data)) return message;
  const { code, server } = data;
  const { outcome } = fieldsOf(data);
  return {
    ...message,
    error: { ...error, data: { holdfast: { code, ...(outcome !== undefined && { outcome }), server } } },
  };
}
