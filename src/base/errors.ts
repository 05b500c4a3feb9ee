import { STATUS_CODES } from "node:http";
import { types } from "node:util";
import { fieldsOf } from "./fields.js";

/** What may have become of a request that was lost: see docs/errors.md. */
export type Outcome = "not-sent" | "rejected" | "unknown";

/** What each code carries besides its message. All of it is safe to log. */
export interface ErrorDetails {
  /** The target is none of the kinds that `inferTransport` takes. */
  CANNOT_INFER: { given: string };
  /** An option or a config field is wrong; `path` names it, `problems` lists all where there are several. */
  CONFIG_INVALID: { path?: string; problems?: { path: string; message: string }[] };
  /** The server's process did not start, or ended before the handshake was done. */
  SPAWN_FAILED: { exitCode?: number | null; signal?: string | null; stderr?: string };
  /** The server could not be reached, or refused the handshake. */
  CONNECT_FAILED: { status?: number };
  /** The server was not ready within the connect deadline. */
  CONNECT_TIMEOUT: { timeoutMs: number; stderr?: string };
  /** The server wants credentials that we do not have. */
  AUTH_REQUIRED: { status?: number };
  /** A request was lost with its wire; `outcome` says whether it may have been done. */
  CONNECTION_LOST: { outcome: Outcome; exitCode?: number | null; signal?: string | null; stderr?: string };
  /**
   * The server answered with what cannot be understood. `outcome` is `done` where a tool has run; `answer` is the beginning
   * of what came, and `result` all that a tool answered where only its check failed.
   */
  INVALID_ANSWER: { outcome: "done" | "unknown"; method: string; answer: string; result?: object };
  /** An answer was larger than `maxMessageBytes` and was thrown away. */
  MESSAGE_TOO_LARGE: { maxMessageBytes: number };
  /** The session was used after its end. */
  SESSION_CLOSED: Record<never, never>;
  /** The transport was closed, by its owner or because it failed (see `cause`). */
  TRANSPORT_CLOSED: Record<never, never>;
  /** Too many calls were waiting: for the connection, or for a server that does not read. */
  QUEUE_FULL: { maxQueued: number };
  /** A session needs another handshake than the one that open sessions share. */
  SESSION_CONFLICT: Record<never, never>;
  /** No server of that name is configured. */
  SERVER_UNKNOWN: Record<never, never>;
  /** The tool ran and reported an error. */
  TOOL_FAILED: { tool: string };
}

/** Stable names of everything that can go wrong; messages may change, these do not. */
export type ErrorCode = keyof ErrorDetails;

const BRAND = Symbol.for("holdfast.HoldfastError");

/** The one error class of holdfast: a stable `code`, a message that says what to do, a `cause`, and the details of its code. */
export class HoldfastError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "HoldfastError";
  readonly code: Code;
  /** The server that it is about, as its transport is named. */
  readonly server?: string;

  constructor(
    code: Code,
    message: string,
    details: ErrorDetails[Code] & { server?: string; cause?: unknown },
  ) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Whether `error` is one of ours, and of that `code` when one is given.
 * Works across copies of the package, unlike `instanceof`.
 */
export function isHoldfastError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is HoldfastError<Code> & ErrorDetails[Code] {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || fieldsOf(error)["code"] === code;
}

/** Anything thrown as an `Error`. */
export function asError(error: unknown): Error {
  // One of another realm is no instance of ours.
  if (error instanceof Error || types.isNativeError(error)) return error;
  const { message } = fieldsOf(error);
  return new Error(typeof message === "string" ? message : String(error));
}

/** The message of anything thrown, with the cause that `fetch` hides behind "fetch failed". */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isHoldfastError(error)) return error.message;
  // Every address of a name was tried.
  if (error instanceof AggregateError && !error.message) return messageOf(error.errors[0]);
  const cause = error.cause;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (error.message === "fetch failed" && inner instanceof Error)
    return inner.message || codeOf(inner) || error.message;
  const status = statusOf(error);
  // Our own wires say more than the status.
  if (status !== undefined && !error.message.includes(`HTTP ${status}`))
    return `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trim();
  return error.message || error.name;
}

/** The system's code of a failure (`ECONNREFUSED`, `UND_ERR_SOCKET`, `ENOENT`), looked for along the causes. */
export function codeOf(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; depth++) {
    const { code } = fieldsOf(e);
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
    e = e instanceof AggregateError ? e.errors[0] : e.cause;
  }
  return undefined;
}

/** The HTTP status of an SDK error, if the server answered with one. */
export function statusOf(error: unknown): number | undefined {
  const { status } = fieldsOf(error);
  return typeof status === "number" ? status : undefined;
}
