import { types } from "node:util";
import { fieldsOf } from "./fields.js";
import { statusText } from "./status-text.js";
import { visible } from "./visible.js";

/**
 * What may have become of a lost request. `not-sent`: it never left. `rejected`: the server refused before doing it. `unknown`: it
 * may have been done.
 */
export type Outcome = "not-sent" | "rejected" | "unknown";

/** The details that an error of each code has. All of them are safe to log. */
export interface ErrorDetails {
  /** The target is none of the kinds that `inferTransport` takes. */
  CANNOT_INFER: { given: string };
  /** An option or a config field is wrong. `path` names the first, `problems` lists all that is wrong with a config. */
  CONFIG_INVALID: { path?: string; problems?: { path: string; message: string }[] };
  /** The server's process did not start, or ended before the handshake was done. `stderr`: its last lines. */
  SPAWN_FAILED: { exitCode?: number | null; signal?: string | null; stderr?: string };
  /** The server could not be reached, or refused the handshake. `status`: its HTTP status, where there was one. */
  CONNECT_FAILED: { status?: number };
  /** The server was not ready within the connect deadline. */
  CONNECT_TIMEOUT: { timeoutMs: number; stderr?: string };
  /** The server wants credentials that are not there. `status`: 401 or 403, where the server said so. */
  AUTH_REQUIRED: { status?: number };
  /** A request was lost with its wire; `outcome` says whether it may have been done. */
  CONNECTION_LOST: { outcome: Outcome; exitCode?: number | null; signal?: string | null; stderr?: string };
  /**
   * The answer of the server breaks the protocol and has no clear meaning. `outcome` is `done` where a tool has run. `answer` is
   * the beginning of the answer. Where only the check against the tool's output schema failed, `result` is the whole result.
   */
  INVALID_ANSWER: { outcome: "done" | "unknown"; method: string; answer: string; result?: object };
  /** An answer was larger than `maxMessageBytes`, and was dropped. */
  MESSAGE_TOO_LARGE: { maxMessageBytes: number };
  /** The session was used after its end. */
  SESSION_CLOSED: Record<never, never>;
  /** The transport was closed, by its owner or because it failed (see `cause`). */
  TRANSPORT_CLOSED: Record<never, never>;
  /** Too many calls wait for the connection, or for a server that does not read its input. */
  QUEUE_FULL: { maxQueued: number };
  /** A session needs another handshake than the open sessions have. `transport.fork()` gives it a connection of its own. */
  SESSION_CONFLICT: Record<never, never>;
  /** No server of that name is configured. */
  SERVER_UNKNOWN: Record<never, never>;
  /** The tool ran and reported an error. */
  TOOL_FAILED: { tool: string };
  /** The server, or this tool, knows no tasks, and the call was to be one. */
  TASK_UNSUPPORTED: { tool: string };
  /** The server does not know the task any more. What the tool did is not known. */
  TASK_FORGOTTEN: { taskId: string };
  /** The task was cancelled, by whomever, and has no result. */
  TASK_CANCELLED: { taskId: string };
}

/** The stable names of everything that can go wrong. Messages may change between versions, codes do not. */
export type ErrorCode = keyof ErrorDetails;

const BRAND = Symbol.for("holdfast.HoldfastError");

/** The one error class of holdfast: a stable `code`, a message that says what to do, a `cause`, and the details of its code. */
export class HoldfastError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "HoldfastError";
  /** What went wrong, as a stable name. */
  readonly code: Code;
  /** The name of the transport whose server the error is about. */
  readonly server?: string;

  constructor(
    code: Code,
    message: string,
    details: ErrorDetails[Code] & { server?: string; cause?: unknown },
  ) {
    const { cause, ...rest } = details;
    super(visible(message), cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Whether `error` is a `HoldfastError`, and has that `code` if one is given. Unlike `instanceof`, it works across copies of the
 * package.
 */
export function isHoldfastError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is HoldfastError<Code> & ErrorDetails[Code] {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || fieldsOf(error)["code"] === code;
}

/** Turns whatever was thrown into an `Error`. */
export function asError(error: unknown): Error {
  // An error of another realm (`node:vm`) is no instance of our `Error`.
  if (error instanceof Error || types.isNativeError(error)) return error;
  const { message } = fieldsOf(error);
  return new Error(typeof message === "string" ? message : String(error));
}

/** The message of whatever was thrown. For "fetch failed" it is the message of the cause, which says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isHoldfastError(error)) return error.message;
  // All addresses of a host name failed, each with an error of its own. The first one stands for all.
  if (error instanceof AggregateError && !error.message) return messageOf(error.errors[0]);
  const cause = error.cause;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (error.message === "fetch failed" && inner instanceof Error)
    return inner.message || codeOf(inner) || error.message;
  const status = statusOf(error);
  // Errors of our own wires name the status already, and say more.
  if (status !== undefined && !error.message.includes(`HTTP ${status}`))
    return `HTTP ${status} ${statusText(status)}`.trim();
  return error.message || error.name;
}

/** The system's code of a failure (`ECONNREFUSED`, `UND_ERR_SOCKET`, `ENOENT`), of the error itself or of its causes. */
export function codeOf(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; depth++) {
    const { code } = fieldsOf(e);
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
    e = e instanceof AggregateError ? e.errors[0] : e.cause;
  }
  return undefined;
}

/** The HTTP status that an error carries. Undefined: it has none. */
export function statusOf(error: unknown): number | undefined {
  const { status } = fieldsOf(error);
  return typeof status === "number" ? status : undefined;
}
