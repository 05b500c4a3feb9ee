import { formatMessage } from "../../base/advice.js";
import { HoldfastError } from "../../base/errors.js";

/** The error where no token can be got. `message` says why, `hint` what the user may do. Neither may hold a secret. */
export function authRequired(server: string, message: string, hint?: string): HoldfastError<"AUTH_REQUIRED"> {
  return new HoldfastError("AUTH_REQUIRED", formatMessage(`${server}: ${message}`, hint ? { hint } : {}), {
    server,
  });
}
