/** Sends one message to an endpoint of Streamable HTTP by hand. The socket is not kept. */
export const post = (
  url: URL,
  body: object | string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(url, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify({ jsonrpc: "2.0", ...body }),
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      connection: "close",
      ...headers,
    },
    ...(signal && { signal }),
  });
