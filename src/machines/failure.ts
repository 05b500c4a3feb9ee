/** Why an attempt or a wire failed, and whether another attempt can help. Holds no secrets. */
export interface Failure {
  /** The code of the error that it becomes. */
  code: string;
  message: string;
  /** What the user may do about it, as a sentence. */
  hint?: string;
  /** Shown below the message: the last lines of the server on stderr. */
  appendix?: string;
  /** No further attempt can help: the command was not found, the configuration is wrong, no token can be got. */
  fatal?: boolean;
  /** `fatal` counts only for a server that was never reached. One that was reached may be in the middle of an update. */
  unlessReached?: boolean;
  /** The server wants a token, and there is a way to get one. */
  authorizable?: boolean;
  /** When the server asks to be tried again, in milliseconds from now. Wins over the backoff. */
  retryAfterMs?: number;
  /** The user asked for it, by `disconnect()` or `close()`. Lost requests are not sent again. */
  asked?: boolean;
  /** The details of the error of this code, such as the exit code. */
  details?: object;
  /** What was thrown, if anything. */
  error?: unknown;
}
