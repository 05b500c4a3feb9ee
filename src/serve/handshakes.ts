import { fieldsOf } from "../base/fields.js";
import { listChangesIn } from "../contract/methods.js";
import { type Remembered, requestsFor } from "./remembered.js";

interface Wire {
  handleRequest(request: Request): Promise<Response>;
}

/**
 * Goes on with a session as its client would begin one. What the client asked for is under way when this settles, and what
 * a server says to it concerns nobody. Gives the notifications for lists that may be other ones by now.
 */
export async function goOn(wire: Wire, url: string, id: string, remembered: Remembered): Promise<string[]> {
  const { introduction: params, standing } = remembered;
  const headers = { "mcp-session-id": id };
  const shaken = await wire.handleRequest(posted(url, { id: 0, method: "initialize", params }));
  const news = listsIn(await shaken.text());
  await wire.handleRequest(posted(url, { method: "notifications/initialized" }, headers));
  for (const [n, request] of requestsFor(standing).entries())
    wire
      .handleRequest(posted(url, { id: `holdfast-${n}`, ...request }, headers))
      .then((response) => response.text())
      .catch(() => {});
  return news;
}

function listsIn(shaken: string): string[] {
  const [, data = "{}"] = /^data: (\{.*)$/m.exec(shaken) ?? [];
  return listChangesIn(fieldsOf(JSON.parse(data))["result"]);
}

/** A message of a client's, as if it had been posted. */
function posted(url: string, message: object, headers: Record<string, string> = {}): Request {
  const all = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...headers,
  };
  return new Request(url, {
    method: "POST",
    headers: all,
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  });
}
