import { CommanderError } from "commander";
import { isHoldfastError } from "../../index.js";
import { fieldsOf } from "../../internal.js";

/** Exit codes that scripts can rely on. */
export const EXIT = { ok: 0, refused: 1, usage: 2, notConnected: 3, deadline: 4, interrupted: 130 } as const;

/** A mistake in the command line. */
export class UsageError extends Error {}

/** The tool or the server refused, and the reason has been printed. */
export class Refused extends Error {}

/** The command was interrupted by a signal, and that has been printed. */
export class Interrupted extends Error {}

const NOT_CONNECTED = new Set([
  "SPAWN_FAILED",
  "CONNECT_FAILED",
  "CONNECT_TIMEOUT",
  "AUTH_REQUIRED",
  "CONNECTION_LOST",
  "TRANSPORT_CLOSED",
]);

/** Whether the deadline of a request passed. The SDK's own kind of error says so. */
export const isDeadline = (error: unknown): boolean =>
  error instanceof Error && fieldsOf(error)["code"] === "REQUEST_TIMEOUT";

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (
    error instanceof UsageError ||
    isHoldfastError(error, "CANNOT_INFER") ||
    isHoldfastError(error, "CONFIG_INVALID") ||
    isHoldfastError(error, "SERVER_UNKNOWN")
  ) {
    return EXIT.usage;
  }
  if (isDeadline(error)) return EXIT.deadline;
  return isHoldfastError(error) && NOT_CONNECTED.has(error.code) ? EXIT.notConnected : EXIT.refused;
}
