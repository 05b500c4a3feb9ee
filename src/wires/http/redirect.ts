import { shownUrl } from "../../base/redact.js";
import type { HttpAnswer } from "./answer.js";
import type { HttpRequest } from "./request.js";

/** More than any server needs within its origin. */
const MAX_REDIRECTS = 5;
const SAFE = new Set(["GET", "HEAD"]);

/** Where an answer sends a request; undefined where it is no redirect. */
function targetOf(answer: HttpAnswer, from: URL): URL | undefined {
  const location = answer.header("location");
  if (answer.status < 300 || answer.status >= 400 || location === undefined) return undefined;
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

/** Whether it is followed: only within the origin, and where it keeps what was asked. */
export function redirected(
  answer: HttpAnswer,
  { method, target }: HttpRequest,
  followed: number,
): URL | undefined {
  const next = targetOf(answer, target);
  if (!next || followed >= MAX_REDIRECTS || next.origin !== target.origin) return undefined;
  if (next.username || next.password) return undefined;
  const keeps = answer.status === 307 || answer.status === 308 || SAFE.has(method);
  return keeps ? next : undefined;
}

/** What a caller is told of a redirect that was not followed; undefined for any other answer. */
export function unfollowed(answer: HttpAnswer, { target }: HttpRequest): string | undefined {
  const next = targetOf(answer, target);
  if (!next) return undefined;
  const said = `HTTP ${answer.status}: the server redirects to ${shownUrl(next)}, which is not followed`;
  if (target.protocol === "https:" && next.protocol === "http:")
    return `${said} because it leaves TLS. Ask who runs the server for its address`;
  return `${said}. Use that address, if it is the server that you mean`;
}
