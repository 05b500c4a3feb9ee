import type { HttpLink } from "./link.js";
import { HttpRequest } from "./request.js";

/** Asks the server for a sign of life, over a socket of its own: the status of its answer, whatever that says; undefined where none comes. */
export async function probe(
  link: HttpLink,
  session: string | undefined,
  begun?: (request: HttpRequest) => void,
): Promise<number | undefined> {
  const message = { jsonrpc: "2.0", id: link.session.nextPing(), method: "ping" } as const;
  const headers = {
    ...link.session.posted(message, undefined),
    ...(session !== undefined && { "mcp-session-id": session }),
  };
  const body = JSON.stringify(message);
  const request = new HttpRequest({ method: "POST", url: link.url, headers, body, lane: "probes" });
  begun?.(request);
  try {
    const answer = await link.client.send(request);
    answer.discard();
    return answer.status;
  } catch {
    return undefined;
  }
}
