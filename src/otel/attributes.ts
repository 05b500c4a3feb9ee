import { createHash } from "node:crypto";
import type { Attributes, Span } from "@opentelemetry/api";
import { isHoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { TracedCall, TracedEnd } from "../contract/trace.js";
import { api } from "./api.js";

/** The names of OpenTelemetry's conventions for MCP (semantic-conventions-genai 0.1.0); ours begin with `holdfast.`. */
export const NAMES = {
  method: "mcp.method.name",
  protocolVersion: "mcp.protocol.version",
  sessionId: "mcp.session.id",
  uri: "mcp.resource.uri",
  tool: "gen_ai.tool.name",
  prompt: "gen_ai.prompt.name",
  operation: "gen_ai.operation.name",
  arguments: "gen_ai.tool.call.arguments",
  result: "gen_ai.tool.call.result",
  requestId: "jsonrpc.request.id",
  statusCode: "rpc.response.status_code",
  errorType: "error.type",
  network: "network.transport",
  networkProtocol: "network.protocol.name",
  server: "holdfast.server",
  epoch: "holdfast.epoch",
  outcome: "holdfast.outcome",
} as const;

/** The kinds of transports that are no sockets. */
const NETWORKS: Readonly<Record<string, string>> = { http: "tcp", sse: "tcp", ws: "tcp", memory: "inproc" };

/** How messages travel to a server of that kind, in the words of OpenTelemetry. */
export const networkOf = (kind: string): string => NETWORKS[kind] ?? "pipe";

let lastSession: [id: string, shown: string] = ["", ""];

/** Whoever has the id of a session may use it. This tells two apart, and is the same at both ends. */
export function sessionIdShown(id: string): string {
  if (lastSession[0] !== id) lastSession = [id, createHash("sha256").update(id).digest("hex").slice(0, 16)];
  return lastSession[1];
}

type Called = Pick<TracedCall, "method" | "name">;

/** What a call is about. */
export function callAttributes({ method, name }: Called): Attributes {
  return {
    [NAMES.method]: method,
    ...(name !== undefined && namedBy(method, name)),
  };
}

function namedBy(method: string, name: string): Attributes {
  if (method === "tools/call") return { [NAMES.tool]: name, [NAMES.operation]: "execute_tool" };
  return { [method.startsWith("prompts/") ? NAMES.prompt : NAMES.uri]: name };
}

/** The name of a call's span. An address is not part of it: there may be any number of them. */
export function spanName({ method, name }: Called): string {
  const isNamed = name !== undefined && !method.startsWith("resources/");
  return isNamed ? `${method} ${name}` : method;
}

/** A server, or a client's own words in an error, may be of any length. */
const MAX_MESSAGE = 1_000;

/** A span with what went wrong. Its secrets were taken out of an error when it left its session. */
export const failed = (span: Span, message: string): Span =>
  span.setStatus({ code: api().SpanStatusCode.ERROR, message: message.slice(0, MAX_MESSAGE) });

/** What went wrong, if anything. */
export function errorAttributes({ end, error }: TracedEnd): Attributes {
  if (end === "answered") return {};
  if (error === undefined) return { [NAMES.errorType]: "tool_error" };
  const { code } = fieldsOf(error);
  const isAnswer = end === "refused" && typeof code === "number";
  const type = typeof code === "string" || typeof code === "number" ? String(code) : nameOf(error);
  return {
    [NAMES.errorType]: type,
    ...(isAnswer && { [NAMES.statusCode]: String(code) }),
    ...(isHoldfastError(error, "CONNECTION_LOST") && { [NAMES.outcome]: error.outcome }),
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "_OTHER");
