import { HoldfastError } from "../../base/errors.js";
import { authRequired } from "../sign-in/auth-required.js";

/** Whether a value may stand in a header. We check it because the HTTP library would quote the value in its error. */
export const isHeaderValue = (value: string) => !/[^\t\x20-\x7e\x80-\xff]/.test(value);

/** @throws HoldfastError `CONFIG_INVALID` for a token that no header can hold; the message does not quote it */
export function checkToken(token: string): void {
  if (isHeaderValue(token)) return;
  const message = 'option "auth": holds a character that a header cannot have';
  throw new HoldfastError("CONFIG_INVALID", message, { path: "auth" });
}

/** @throws HoldfastError `AUTH_REQUIRED` for an authorization server's token that no header can hold; the message does not quote it */
export function checkIssued(server: string, token: string): void {
  if (!isHeaderValue(token))
    throw authRequired(server, "the authorization server gave a token that no header can hold");
}

export const isAuthorization = (key: string): boolean => key.toLowerCase() === "authorization";
export const hasAuthorization = (headers: Record<string, string> = {}): boolean =>
  Object.keys(headers).some(isAuthorization);
