import type { Failure } from "../machines/failure.js";

/** What a close code says of the next attempt: nothing (try again), that none can help, or when to come. */
interface Meaning {
  means: string;
  fatal?: true;
  /** The server wants credentials that it was not given. */
  auth?: true;
  /** Between these, at random, so that a restarted server is not met by everybody at once. Milliseconds. */
  comeBackMs?: readonly [number, number];
}

/** RFC 6455, the codes registered since, and what servers use of the private range. */
const CODES: Record<number, Meaning> = {
  // Ended on purpose, or we cannot know: try again.
  1000: { means: "the server closed the socket" },
  1001: { means: "the server is going away" },
  1005: { means: "the server closed the socket without a reason" },
  1006: { means: "the socket broke" },
  1009: { means: "a message was too large" },
  1011: { means: "the server failed" },
  1014: { means: "the server's gateway failed" },
  3008: { means: "the server timed out" },
  4408: { means: "the server timed out" },
  // The next attempt would end the same way.
  1002: { means: "the server found a protocol error", fatal: true },
  1003: { means: "the server does not take text messages", fatal: true },
  1007: { means: "the server could not read a message", fatal: true },
  1008: { means: "the server refuses this client by its policy", fatal: true },
  1010: { means: "the server lacks an extension", fatal: true },
  1015: { means: "TLS failed", fatal: true },
  3000: { means: "the server wants credentials", fatal: true, auth: true },
  3003: { means: "the server forbids this client", fatal: true },
  4400: { means: "the server does not take this request", fatal: true },
  4401: { means: "the server wants credentials", fatal: true, auth: true },
  4403: { means: "the server forbids this client", fatal: true },
  4404: { means: "the server knows no such address", fatal: true },
  // The server's own word on when to come back.
  1012: { means: "the server restarts", comeBackMs: [5_000, 30_000] },
  1013: { means: "the server is busy", comeBackMs: [15_000, 45_000] },
  4429: { means: "the server is asked too often", comeBackMs: [15_000, 45_000] },
};

/** The loss behind a close frame. `random` is a number in [0, 1). */
export function closeFailure(code: number, reason: string, random: number): Failure {
  const { means, fatal, auth, comeBackMs } = CODES[code] ?? { means: "the server closed the socket" };
  const [from, to] = comeBackMs ?? [];
  return {
    code: auth ? "AUTH_REQUIRED" : "CONNECTION_LOST",
    message: `${means} (WebSocket ${code}${reason ? `: ${reason}` : ""})`,
    ...(auth && { hint: "Pass auth, or an Authorization header" }),
    ...(fatal && { fatal }),
    ...(from !== undefined && to !== undefined && { retryAfterMs: Math.round(from + random * (to - from)) }),
  };
}
