import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { formatMessage } from "../base/advice.js";
import { HoldfastError, isHoldfastError, type Outcome } from "../base/errors.js";
import type { Failure } from "../machines/failure.js";
import type { CallSpec } from "./call-spec.js";
import type { Deadline } from "./deadline.js";
import { callOf } from "./invalid-answer.js";
import type { ConnectionPort } from "./ports.js";

/** The SDK's own kind of timeout, with what the call was waiting for. */
export function timedOut(port: ConnectionPort, spec: CallSpec, deadline: Deadline): SdkError {
  const { state, detail, attempt, lastError } = port.status();
  const where = port.ready ? "" : ` while it was ${detail ?? state}, attempt ${attempt}`;
  const why = lastError && !port.ready ? `: ${lastError.message}` : "";
  const call = callOf(spec.method, spec.name);
  const message = `${port.name}: ${call} was not answered within ${deadline.limitMs} ms${where}${why}`;
  return new SdkError(SdkErrorCode.RequestTimeout, message, { timeout: deadline.limitMs });
}

const ADVICE: Record<Outcome, string> = {
  "not-sent": "It was not sent",
  rejected: "The server refused it before doing it",
  unknown: "It may have been done: check before you repeat it",
};

/** There is no credential to get, and the call was refused for lack of one. */
export function authRequired(port: ConnectionPort, spec: CallSpec, failure: Failure): HoldfastError {
  const { method } = spec;
  const code = "AUTH_REQUIRED";
  port.announce({ type: "request.lost", method, outcome: "rejected", code, ...calledOf(spec) });
  if (isHoldfastError(failure.error)) return failure.error;
  const details = { server: port.name, cause: failure.error, ...failure.details };
  return new HoldfastError(code, formatMessage(`${port.name}: ${failure.message}`, failure), details);
}

/** What events of a call say besides. */
export const calledOf = ({ name, trace }: CallSpec) => ({
  ...(name && { name }),
  ...(trace?.traceId !== undefined && { traceId: trace.traceId }),
});

export function connectionLost(
  port: ConnectionPort,
  spec: CallSpec,
  outcome: Outcome,
  failure: Failure,
): HoldfastError {
  port.announce({
    type: "request.lost",
    method: spec.method,
    outcome,
    code: "CONNECTION_LOST",
    ...calledOf(spec),
  });
  const message = formatMessage(
    `${port.name}: ${callOf(spec.method, spec.name)} was lost: ${failure.message}`,
    {
      ...failure,
      hint: ADVICE[outcome],
    },
  );
  return new HoldfastError("CONNECTION_LOST", message, {
    server: port.name,
    outcome,
    cause: failure.error ?? port.closedError,
    ...failure.details,
  });
}
