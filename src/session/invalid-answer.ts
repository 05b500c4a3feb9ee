import { ProtocolError, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { HoldfastError } from "../base/errors.js";
import { excerpt } from "../wires/answers/excerpt.js";
import { InvalidAnswer } from "../wires/answers/invalid-answer.js";
import type { CallTag } from "../wires/call-tag.js";

export interface Asked {
  server: string;
  method: string;
  /** The tool, prompt or resource. */
  name: string | undefined;
}

type Answered = Pick<CallTag, "result">;

/** Of what a validator has to say, the beginning. */
const MAX_REASON = 200;

const ADVICE = " The tool has run: check what it did before you repeat the call.";

/** The error of a call whose answer came and could not be used; undefined where that is not what went wrong. */
export function invalidAnswerOf(asked: Asked, error: unknown, tag: Answered): HoldfastError | undefined {
  const invalid = InvalidAnswer.of(error);
  if (invalid) return invalidAnswer(asked, invalid, tag);
  const reason = refusedByClient(error, tag);
  if (reason === undefined) return undefined;
  const { result } = tag;
  return invalidAnswer(asked, { reason, excerpt: excerpt(result), done: result !== undefined }, tag, error);
}

function invalidAnswer(
  { server, method, name }: Asked,
  { reason, excerpt: answer, done }: Pick<InvalidAnswer, "reason" | "excerpt" | "done">,
  { result }: Answered,
  cause?: unknown,
): HoldfastError {
  const outcome = done && method === "tools/call" ? "done" : "unknown";
  const message = `${server}: ${callOf(method, name)} was answered with what cannot be used: ${reason}.${outcome === "done" ? ADVICE : ""}`;
  return new HoldfastError("INVALID_ANSWER", message, {
    server,
    outcome,
    method,
    answer,
    cause,
    ...(result && { result }),
  });
}

/** How a call is named in messages. */
export function callOf(method: string, name: string | undefined): string {
  return name === undefined ? method : `${method} ${JSON.stringify(name)}`;
}

const SCHEMA_REFUSED =
  /^(?:Structured content does not match|Failed to validate structured content)[^:]*: (.+)|has an output schema but did not return structured content$/s;

/** What the SDK's Client says of an answer that passed our reader, in a clause. */
function refusedByClient(error: unknown, { result }: Answered): string | undefined {
  if (error instanceof SdkError) {
    const refused =
      error.code === SdkErrorCode.InvalidResult || error.code === SdkErrorCode.UnsupportedResultType;
    return refused ? "it does not have the form that the protocol or the caller demands" : undefined;
  }
  if (!(error instanceof ProtocolError) || result === undefined) return undefined;
  const found = SCHEMA_REFUSED.exec(error.message);
  if (!found) return undefined;
  return found[1] === undefined
    ? "the tool has an output schema and gave no structured content"
    : `the structured content does not fit the tool's output schema (${found[1].slice(0, MAX_REASON)})`;
}
