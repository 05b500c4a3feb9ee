import { readRequestBody } from "@modelcontextprotocol/server";
import { problem } from "./access.js";

/** A request whose body was read, as JSON; undefined: it has none, or is not JSON. */
export interface ReadRequest {
  request: Request;
  body: unknown;
}

/** `parsedBody`: if somebody read it before. */
export async function readBody(
  request: Request,
  parsedBody: unknown,
  maxRequestBodySize: number,
): Promise<ReadRequest | Response> {
  if (request.method !== "POST" || parsedBody !== undefined) return { request, body: parsedBody };
  const read = await readRequestBody(request, maxRequestBodySize);
  if (read.tooLarge) return problem(413, `holdfast serve: a request has at most ${maxRequestBodySize} bytes`);
  const body = parsed(read.text);
  // What cannot be read is left to the SDK, which says so in the words of its era.
  return { request: body === undefined ? unread(request, read.text) : request, body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unread = ({ url, method, headers, signal }: Request, body: string): Request =>
  new Request(url, { method, headers, body, signal });
