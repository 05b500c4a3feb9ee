import { merged } from "../../base/merged.js";
import type { HttpAnswer } from "./answer.js";
import { Cookies } from "./cookies.js";
import { redirected } from "./redirect.js";
import type { HttpRequest, Sender } from "./request.js";

/** What sends with the cookies of an origin, which all its senders share, and follows where the origin leads within itself. */
export function withinOrigin(origin: URL): (sender: Sender<HttpAnswer>) => Sender<HttpAnswer> {
  const cookies = new Cookies(origin);
  return (sender) => ({ send: (request) => sendWithin(sender, cookies, request) });
}

async function sendWithin(sender: Sender<HttpAnswer>, cookies: Cookies, request: HttpRequest) {
  const { headers } = request;
  request.target = request.url;
  for (let followed = 0; ; followed++) {
    const cookie = cookies.for(request.target);
    if (cookie !== undefined)
      request.headers = merged(headers, { cookie: joined(headers["cookie"], cookie) });
    const answer = await sender.send(request);
    cookies.take(answer.cookies, request.target);
    const next = redirected(answer, request, followed);
    if (!next) return answer;
    answer.discard();
    request.target = next;
  }
}

const joined = (own: string | undefined, cookie: string) => (own ? `${own}; ${cookie}` : cookie);
