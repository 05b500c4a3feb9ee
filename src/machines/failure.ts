/** Why an attempt or a wire failed, as the machine needs it: classed, and without secrets. */
export interface Failure {
  code: string;
  message: string;
  /** What the user may do about it. */
  hint?: string;
  /** Shown last where there is room: the final lines on stderr. */
  appendix?: string;
  /** No further attempt can help: command not found, bad configuration, no way to get a token. */
  fatal?: boolean;
  /** `fatal` holds while the server was never reached: a program that once started may be on its way back. */
  unlessReached?: boolean;
  /** There is a way to get what the server wants to see. */
  authorizable?: boolean;
  /** The server's own word on when to come back; wins over the backoff. */
  retryAfterMs?: number;
  /** The user asked for it: nothing is sent again. */
  asked?: boolean;
  /** What the error of this code carries besides: the exit code, the last lines on stderr. */
  details?: object;
  /** What was thrown, if anything was. */
  error?: unknown;
}
