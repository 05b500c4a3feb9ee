import { SdkError, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import { messageOf, type Outcome } from "../../base/errors.js";
import { fieldsOf } from "../../base/fields.js";
import { statusText } from "../../base/status-text.js";
import { systemClock } from "../../machines/clock.js";
import { Lost } from "../lost.js";
import type { HttpAnswer } from "./answer.js";
import type { HttpRequest } from "./request.js";

/** The network failed a request: there is no answer, or the rest of it never came. */
export class NetworkLost extends Lost {
  constructor(outcome: Outcome, cause: unknown) {
    super(outcome, { code: "CONNECTION_LOST", message: messageOf(cause), error: cause });
  }
}

/** What the system said, where it was the network. */
export const causeOf = (error: unknown): unknown =>
  error instanceof NetworkLost ? (error.failure.error ?? error) : error;

/** A body that says why is short; a longer one is a page. */
const MAX_SAID = 200;
/** So much of a refusal is read: the envelope of an error is in it. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** A refusal whose words do not come is told without them. */
const MAX_REFUSAL_MS = 1_000;

/** What a caller is told where the server refuses a request: the status, and the server's own words where there are some. */
export function refused(
  { status }: HttpAnswer,
  text: string,
  code: SdkErrorCode = SdkErrorCode.ClientHttpNotImplemented,
): SdkHttpError {
  const said = saidBy(text);
  const named = statusText(status);
  const message = `HTTP ${status} ${named}`.trim() + (said ? `: ${said}` : "");
  return new SdkHttpError(code, message, { status, statusText: named, text: isPage(text) ? "" : text });
}

/** The body of a refusal, without what the request keeps secret; what cannot be read says nothing. */
export async function reasonOf(
  answer: HttpAnswer,
  request: HttpRequest,
  client: { redact(text: string, request: HttpRequest): string },
): Promise<string> {
  const late = () => answer.giveUp(new Error("the rest of the refusal did not come"));
  const timer = systemClock.setTimeout(late, MAX_REFUSAL_MS);
  const text = await answer.text(MAX_REFUSAL_BYTES).catch(() => "");
  systemClock.clearTimeout(timer);
  return text === "" ? text : client.redact(text, request);
}

/** A server that said when to come back has refused the request before doing it. */
export function busy(answer: HttpAnswer, error: SdkHttpError): Lost | undefined {
  const ms = answer.retryAfterMs;
  if (ms === undefined) return undefined;
  return new Lost("rejected", {
    code: "CONNECTION_LOST",
    message: messageOf(error),
    retryAfterMs: ms,
    error,
    details: { status: answer.status },
  });
}

/** An answer that is no message at all. */
export function unexpected(mediaType: string | undefined, text: string): SdkError {
  const what = isPage(text) ? "a web page" : "something that is no message";
  const type = mediaType ?? "without a content type";
  const message = `the server answered with ${what} (${type}). Is this the address of an MCP server?`;
  return new SdkError(SdkErrorCode.ClientHttpUnexpectedContent, message, { contentType: mediaType });
}

const isPage = (text: string): boolean => /^\s*(<!doctype|<html|<\?xml|<head|<body)/i.test(text);

/** What a server says of its refusal, in one short line. */
function saidBy(text: string): string {
  if (isPage(text)) return "";
  const words = (wordsOf(text) ?? text).replace(/\s+/g, " ").trim();
  return words.length > MAX_SAID ? `${words.slice(0, MAX_SAID)}…` : words;
}

/** The sentence in the forms of JSON that servers give as an error. */
function wordsOf(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { error, message, error_description, detail } = fieldsOf(value);
  const { message: inner } = fieldsOf(error);
  return [inner, error_description, message, detail, error].find((words) => typeof words === "string");
}
