import type { IncomingMessage, ServerResponse } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import type { Requests } from "./requests.js";

/** Answers one request of `node:http`, or of what is built on it; settles when the answer was written. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  parsedBody?: unknown,
) => Promise<void>;

export function nodeHandler(requests: Requests): NodeHandler {
  const { maxBodyBytes: maxRequestBodySize } = requests.settings;
  return (request, response, parsedBody) => {
    const { method, headers } = request;
    const handler = toNodeHandler(
      {
        fetch(asked) {
          const end = requests.begin(asked);
          if (response.destroyed) end();
          else response.once("close", end);
          return requests.answer(asked, parsedBodyOf(request, parsedBody));
        },
      },
      { maxRequestBodySize },
    );
    // Express takes away from `url` where a handler is mounted.
    const { originalUrl = request.url } = request as { originalUrl?: string };
    const incoming = {
      ...(method !== undefined && { method }),
      ...(originalUrl !== undefined && { url: originalUrl }),
      headers,
      [Symbol.asyncIterator]: () => request[Symbol.asyncIterator](),
    };
    return handler(incoming, prompt(response, method), parsedBodyOf(request, parsedBody));
  };
}

/** What Express's `json()` read is in `body`; and a middleware gets `next` in its place. */
function parsedBodyOf(request: IncomingMessage, given: unknown): unknown {
  return given === undefined || typeof given === "function" ? (request as { body?: unknown }).body : given;
}

/** Node sends the headers together with the first piece of the body, for which the stream of a GET may wait long. */
function prompt(response: ServerResponse, method: string | undefined) {
  return {
    get destroyed() {
      return response.destroyed;
    },
    writeHead(status: number, headers?: Record<string, string>) {
      response.writeHead(status, headers);
      if (method === "GET") response.flushHeaders();
    },
    write: (chunk: string | Uint8Array) => response.write(chunk),
    end: () => response.end(),
    on: (event: string, listener: (...args: unknown[]) => void) => response.on(event, listener),
  };
}
