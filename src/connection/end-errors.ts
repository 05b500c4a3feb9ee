import { HoldfastError } from "../base/errors.js";
import type { Failure } from "../machines/failure.js";
import type { ConnectionContext } from "../machines/reducers.js";
import { errorOf } from "./failure.js";

/** Why calls in flight are lost when a session ends. */
export const SESSION_ENDED: Failure = { code: "CONNECTION_LOST", message: "the session ended", asked: true };

const LET_GO = {
  idle: "the connection was let go by disconnect()",
  asked: "the transport was closed",
  failed: "the connection failed",
  "gave-up": "the connection gave up",
};

/** Why calls in flight are lost when the connection leaves `connected` for `to`. */
export function lossOnLeaving(to: string, { leaving, lastError }: ConnectionContext): Failure {
  const lost = to.startsWith("connecting") || leaving === "failed" || leaving === "gave-up";
  if (lost && lastError) return { ...lastError, code: "CONNECTION_LOST" };
  return { code: "CONNECTION_LOST", message: LET_GO[leaving], asked: true };
}

/** The errors of a connection that is over: `closed` from its transport, `cause` where it failed, `ended` from its sessions. */
export function endErrors(
  name: string,
  leaving: ConnectionContext["leaving"],
  failure: Failure | undefined,
): { closed: HoldfastError; cause: HoldfastError | undefined; ended: HoldfastError } {
  const cause = failure && errorOf(name, failure);
  const closed = transportClosed(name, leaving, cause);
  return { closed, cause, ended: cause ? closed : sessionEnded(name, closed) };
}

/** What a transport that is over answers with. */
export function transportClosed(
  name: string,
  leaving: ConnectionContext["leaving"],
  cause?: HoldfastError,
): HoldfastError {
  const why = leaving === "gave-up" ? "gave up" : leaving === "failed" ? "failed" : "was closed";
  const message = `${name}: the transport ${why}${cause ? ` (${cause.message})` : ""}`;
  return new HoldfastError("TRANSPORT_CLOSED", message, { server: name, cause });
}

export function sessionEnded(name: string, cause: HoldfastError): HoldfastError {
  return new HoldfastError("SESSION_CLOSED", `${name}: the session ended with its transport`, {
    server: name,
    cause,
  });
}

export function disconnected(name: string): HoldfastError {
  const message = `${name}: disconnect() was called while this was waiting. It was not sent.`;
  return new HoldfastError("CONNECTION_LOST", message, { server: name, outcome: "not-sent" });
}

export function queueFull(name: string, maxQueued: number): HoldfastError {
  return new HoldfastError("QUEUE_FULL", `${name}: ${maxQueued} calls are waiting already`, {
    server: name,
    maxQueued,
  });
}

export function conflicting(name: string, conflict: string): HoldfastError {
  const message = `${name}: another session is open, and this one needs ${conflict}. Use transport.fork() for a connection of its own`;
  return new HoldfastError("SESSION_CONFLICT", message, { server: name });
}
