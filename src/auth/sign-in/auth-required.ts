import { formatMessage } from "../../base/advice.js";
import { HoldfastError } from "../../base/errors.js";

/** There is no token to get: why, and what the user may do about it. Nothing secret may be in either. */
export function authRequired(server: string, message: string, hint?: string): HoldfastError<"AUTH_REQUIRED"> {
  return new HoldfastError("AUTH_REQUIRED", formatMessage(`${server}: ${message}`, hint ? { hint } : {}), {
    server,
  });
}
