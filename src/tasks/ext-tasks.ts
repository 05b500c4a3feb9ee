import { type ClientCapabilities, ProtocolError, type RequestOptions } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { VERSION } from "../base/version.js";
import { ANY_RESULT } from "../contract/any-result.js";
import { MODERN_REVISION } from "../contract/protocol.js";
import type { Session } from "../contract/session.js";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The answer to a request as `@modelcontextprotocol/ext-tasks` takes it. */
export type RawAnswer =
  | { kind: "result"; result: Json }
  | { kind: "error"; error: { code: number; message: string; data?: Json } };

/** What the package asks of a request. */
export interface RawOptions {
  signal?: AbortSignal;
  context?: {
    headers?: Readonly<Record<string, string>>;
    requestTimeoutMs?: number;
    resetTimeoutOnProgress?: boolean;
  };
}

/** What `createTaskSessionFromClient` of `@modelcontextprotocol/ext-tasks` needs besides a Client. */
export interface ExtTasksOptions {
  /** Sends a request as it is, and gives its answer as it is. Lost requests are handled as those of the session. */
  rawDispatch(request: unknown, options?: RawOptions): Promise<RawAnswer>;
  /** What each request of the modern era says of its client. */
  v2RequestFraming: {
    protocolVersion: string;
    clientInfo: Readonly<Record<string, Json>>;
    clientCapabilities: Readonly<Record<string, Json>>;
  };
}

/**
 * What `@modelcontextprotocol/ext-tasks` needs of a session, in either era:
 * `createTaskSessionFromClient(session, { endpointId, ...extTasks(session) })`. `options`: what the session was opened with, as far
 * as its server should know it.
 */
export function extTasks(
  session: Session,
  options: { clientInfo?: { name: string; version: string }; capabilities?: ClientCapabilities } = {},
): ExtTasksOptions {
  return {
    rawDispatch: (request, given) => dispatch(session, request, given),
    v2RequestFraming: {
      protocolVersion: session.getNegotiatedProtocolVersion() ?? MODERN_REVISION,
      clientInfo: options.clientInfo ?? { name: "holdfast", version: VERSION },
      clientCapabilities: { ...options.capabilities } as Record<string, Json>,
    },
  };
}

async function dispatch(session: Session, request: unknown, given: RawOptions = {}): Promise<RawAnswer> {
  const { signal, context = {} } = given;
  const { headers, requestTimeoutMs, resetTimeoutOnProgress } = context;
  const options: RequestOptions = {
    // It answers questions itself, and repeats the call.
    allowInputRequired: true,
    ...(signal && { signal }),
    ...(headers && { headers: { ...headers } }),
    ...(requestTimeoutMs !== undefined && { timeout: requestTimeoutMs }),
    ...(resetTimeoutOnProgress !== undefined && { resetTimeoutOnProgress }),
  };
  try {
    const sent = request as Parameters<Session["request"]>[0];
    const result = fieldsOf(await session.request(sent, ANY_RESULT, options)) as Record<string, Json>;
    const modern = session.getProtocolEra() === "modern" && result["resultType"] === undefined;
    return { kind: "result", result: modern ? { ...result, resultType: "complete" } : result };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message, data } = error;
    return { kind: "error", error: { code, message, ...(data !== undefined && { data: data as Json }) } };
  }
}
