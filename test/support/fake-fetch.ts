import { vi } from "vitest";

export interface Asked {
  method: string;
  headers: Headers;
  body: string | undefined;
  signal: AbortSignal | undefined;
  url: string;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/** The network of one wire as a function: answers each request as a test says, and keeps them all. */
export function fakeFetch(answer: Answer) {
  const asked: Asked[] = [];
  const control = { answer };
  const fetch = vi.fn(async (url: string | URL, init: RequestInit = {}) => {
    const { method = "GET", body } = init;
    const signal = init.signal ?? undefined;
    const one: Asked = {
      method,
      headers: new Headers(init.headers),
      body: typeof body === "string" || body instanceof URLSearchParams ? String(body) : undefined,
      signal,
      url: String(url),
    };
    asked.push(one);
    return control.answer(one);
  });
  const made = (method: string) => asked.filter((one) => one.method === method);
  return { asked, made, control, fetch: fetch as never };
}

/** A stream of server-sent events in a test's hands. */
export function eventStream(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    // The reader went away; what is done to the stream then is for nobody.
    cancel: () => {
      cancelled = true;
    },
  });
  const write = (text: string) => controller!.enqueue(new TextEncoder().encode(text));
  const response = new Response(body, { headers: { "content-type": "text/event-stream", ...headers } });
  return {
    response,
    write,
    say: (message: object, id?: string) =>
      write(`${id ? `id: ${id}\n` : ""}data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`),
    end: () => cancelled || controller!.close(),
    cut: () => controller!.error(new TypeError("terminated")),
  };
}

export const json = (value: unknown, headers: Record<string, string> = {}, status = 200) =>
  new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });

export const refusal = (status: number, headers: Record<string, string> = {}) =>
  new Response("no", { status, headers });

export const networkFailure = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
