import type { Outcome } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { Failure } from "../machines/failure.js";

/**
 * What became of a request whose wire was lost. It travels through the SDK's Client as the `data` of an error
 * answer (which the Client hands on by identity) or as what `send` rejects with.
 */
export class Lost extends Error {
  constructor(
    readonly outcome: Outcome,
    readonly failure: Failure,
    /** The wire is lost with it, or is about to end by itself; until then it takes nothing more. */
    readonly ends?: "now" | "soon",
  ) {
    super(failure.message);
  }

  /** The loss behind an error that the SDK's Client rejected with, if there is one. */
  static of(error: unknown): Lost | undefined {
    if (error instanceof Lost) return error;
    const { data } = fieldsOf(error);
    return data instanceof Lost ? data : undefined;
  }
}

export const sessionGone: Failure = {
  code: "CONNECTION_LOST",
  message: "the server no longer knows the session (HTTP 404)",
};

export const streamEnded: Failure = {
  code: "CONNECTION_LOST",
  message: "the answer's stream ended without an answer",
};

/** Our own end; says nothing of the server. */
export const ended: Failure = { code: "CONNECTION_LOST", message: "the wire is closed", asked: true };
