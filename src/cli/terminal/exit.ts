import { CommanderError } from "commander";
import { isHoldfastError } from "../../index.js";

/** Exit codes that scripts can rely on. */
export const EXIT = { ok: 0, refused: 1, usage: 2, notConnected: 3, interrupted: 130 } as const;

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

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (
    error instanceof UsageError ||
    isHoldfastError(error, "CANNOT_INFER") ||
    isHoldfastError(error, "CONFIG_INVALID")
  ) {
    return EXIT.usage;
  }
  return isHoldfastError(error) && NOT_CONNECTED.has(error.code) ? EXIT.notConnected : EXIT.refused;
}
