import { ProtocolError } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { FailedHealth } from "../contract/status.js";
import type { Failure } from "../machines/failure.js";

/** What a failure says of the server. */
export function healthAfter({ code, details, error, fatal }: Failure): FailedHealth {
  const { exitCode, signal, status } = fieldsOf(details);
  const ended = typeof exitCode === "number" || typeof signal === "string";
  switch (code) {
    case "AUTH_REQUIRED":
      return "needs sign-in";
    case "CANNOT_INFER":
    case "CONFIG_INVALID":
      return "misconfigured";
    case "SPAWN_FAILED":
      // Nothing ended: the command cannot be started at all, or the machine has nothing left to start it with.
      return ended ? "crashing" : fatal ? "misconfigured" : "unreachable";
    case "INVALID_ANSWER":
      return "refused";
    case "CONNECT_FAILED": {
      const answered =
        fatal || error instanceof ProtocolError || (typeof status === "number" && status < 500);
      return answered ? "refused" : "unreachable";
    }
    default:
      return ended ? "crashing" : "unreachable";
  }
}
