import type { JSONRPCErrorResponse, JSONRPCResultResponse, RequestId } from "@modelcontextprotocol/client";
import type { UnreadableAnswer } from "../../contract/wire.js";
import { type Envelope, type Requests, readEnvelope } from "./envelope.js";
import { isObject } from "./excerpt.js";
import { InvalidAnswer } from "./invalid-answer.js";
import { fitsRevision, isProbe, notModern } from "./probe.js";
import { type PlainCallResult, readResult } from "./result.js";

/** One message that came in, as it is meant. */
export type Reading =
  /** An answer that the SDK's Client accepts. `plain`: as `ReadResult` says; `warning`: what had to be left out. */
  | {
      kind: "answer";
      id: RequestId;
      message: JSONRPCResultResponse | JSONRPCErrorResponse;
      plain?: PlainCallResult | undefined;
      warning?: string;
    }
  | { kind: "invalid"; id: RequestId; answer: InvalidAnswer }
  | Extract<Envelope, { kind: "stray" | "said" | "unknown" }>;

/** More than this is not told of one answer. */
const MAX_TOLD = 3;

/**
 * Reads one message as it is meant. Nothing that a server sends is lost in silence: what cannot be understood and names a
 * request in flight answers that request.
 */
export function readMessage(value: unknown, requests: Requests): Reading {
  const envelope = readEnvelope(value, requests);
  switch (envelope.kind) {
    case "result":
      return readResultOf(envelope.id, envelope.result, value, requests);
    case "error":
      return {
        kind: "answer",
        id: envelope.id,
        message: { jsonrpc: "2.0", id: envelope.id, error: envelope.error },
      };
    case "invalid":
      return invalid(envelope.id, new InvalidAnswer(envelope.reason, value, { done: false }));
    default:
      return envelope;
  }
}

/** An answer that is no JSON. */
export function readUnreadable({ id, why, text }: UnreadableAnswer, requests: Requests): Reading {
  const known = requests.idOf(id);
  if (known === undefined) return { kind: "stray", message: text };
  return invalid(known, new InvalidAnswer(`it ${why}`, text, { done: /"result"\s*:/.test(text) }));
}

function readResultOf(id: RequestId, result: unknown, whole: unknown, requests: Requests): Reading {
  const { method, modern } = requests.get(id)!;
  if (isProbe(id) && !fitsRevision(result)) return { kind: "answer", id, message: notModern(id) };
  const read = readResult(method, result, modern);
  if (typeof read === "string") return invalid(id, new InvalidAnswer(read, whole, { done: true }));
  const message = isPlain(whole, id, read.result)
    ? (whole as JSONRPCResultResponse)
    : { jsonrpc: "2.0" as const, id, result: read.result as { [key: string]: unknown } };
  const warning = warningOf(method, read.warnings);
  return { kind: "answer", id, message, plain: read.plain, ...(warning && { warning }) };
}

/** An era probe that is answered so is answered by a legacy server. */
function invalid(id: RequestId, answer: InvalidAnswer): Reading {
  return isProbe(id) ? { kind: "answer", id, message: notModern(id) } : { kind: "invalid", id, answer };
}

/** The SDK's Client refuses a message with a field more. */
function isPlain(value: unknown, id: RequestId, result: object): boolean {
  return (
    isObject(value) &&
    value["jsonrpc"] === "2.0" &&
    value["id"] === id &&
    value["result"] === result &&
    Object.keys(value).length === 3
  );
}

function warningOf(method: string, clauses: readonly string[]): string | undefined {
  if (clauses.length === 0) return undefined;
  const more = clauses.length > MAX_TOLD ? `; and ${clauses.length - MAX_TOLD} more` : "";
  return `the answer to ${method} is not all usable: ${clauses.slice(0, MAX_TOLD).join("; ")}${more}`;
}
