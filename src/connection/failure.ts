import { SdkError, UnauthorizedError, UnsupportedProtocolVersionError } from "@modelcontextprotocol/client";
import { formatMessage } from "../base/advice.js";
import {
  codeOf,
  type ErrorCode,
  type ErrorDetails,
  HoldfastError,
  isHoldfastError,
  messageOf,
  statusOf,
} from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "../wires/lost.js";

/** System codes that no further attempt can mend. */
const FATAL_CODES = new Set(["ERR_INVALID_URL", "ERR_INVALID_ARG_VALUE"]);
/** Answers that say "wrong address" or "you may not", not "not now". */
const FATAL_STATUSES = new Set([401, 403]);

const CA_HINT = "Pass tls: { ca } with the certificate that it should have";

const HINTS: Record<string, string> = {
  ECONNREFUSED: "Is the server running, and is the port right?",
  ENOTFOUND: "Is the host name right?",
  DEPTH_ZERO_SELF_SIGNED_CERT: CA_HINT,
  SELF_SIGNED_CERT_IN_CHAIN: CA_HINT,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CA_HINT,
};

/** Classes whatever an attempt threw, once and here: fatal, retryable, or retryable at a time. */
export function failureOf(error: unknown): Failure {
  const lost = Lost.of(error);
  if (lost) {
    const { failure } = lost;
    // Nobody has classed yet what a send threw.
    const unclassed = failure.code === "CONNECTION_LOST" && failure.error !== undefined;
    return { ...failure, ...(unclassed && described(failure.error)) };
  }
  if (isHoldfastError(error)) return ownFailure(error);
  const cause = error instanceof SdkError && error.cause !== undefined ? error.cause : error;
  if (Lost.of(cause) || isHoldfastError(cause)) return failureOf(cause);
  const status = statusOf(error);
  if (
    status === 401 ||
    error instanceof UnauthorizedError ||
    fieldsOf(error)["name"] === "UnauthorizedError"
  ) {
    const message = "the server wants credentials (HTTP 401)";
    return {
      code: "AUTH_REQUIRED",
      message,
      hint: "Pass auth, or an Authorization header",
      fatal: true,
      error,
      details: { status: 401 },
    };
  }
  if (isVersionRefused(error))
    return { code: "CONNECT_FAILED", message: messageOf(error), fatal: true, error };
  const fatal = FATAL_CODES.has(codeOf(cause) ?? "") || FATAL_STATUSES.has(status ?? 0);
  return { ...described(cause), fatal, error, ...(status !== undefined && { details: { status } }) };
}

/** What we threw ourselves no further attempt can help. */
function ownFailure(error: HoldfastError): Failure {
  const { name: _, code, server: __, ...details } = error;
  return { code, message: error.message, fatal: true, error, details };
}

/** No protocol version in common: the next attempt would find none either. */
function isVersionRefused(error: unknown): boolean {
  return (
    error instanceof UnsupportedProtocolVersionError ||
    /protocol version is not supported/.test(messageOf(error))
  );
}

function described(cause: unknown): Failure {
  const hint = HINTS[codeOf(cause) ?? ""];
  return { code: "CONNECT_FAILED", message: messageOf(cause), ...(hint && { hint }) };
}

/** The error that callers get for a failure, with the server's name in front. */
export function errorOf(name: string, failure: Failure): HoldfastError {
  if (isHoldfastError(failure.error) && failure.error.server === name) return failure.error;
  const details = { server: name, cause: failure.error, ...failure.details } as ErrorDetails[ErrorCode] & {
    server: string;
  };
  return new HoldfastError(
    failure.code as ErrorCode,
    formatMessage(`${name}: ${failure.message}`, failure),
    details,
  );
}
