import type { Scoped } from "./scopes.js";

/** An answer, or a stream of messages, in which is only what may be seen. */
export function filtered(response: Response, scoped: Scoped): Response {
  const type = response.headers.get("content-type") ?? "";
  const stream = type.startsWith("text/event-stream");
  if (!response.body || !(stream || type.startsWith("application/json"))) return response;
  const body = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(stream ? inLines(scoped) : asWhole(scoped))
    .pipeThrough(new TextEncoderStream());
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(body, { status: response.status, headers });
}

/** The SDK's servers write each message in one line. */
const DATA = "data: ";

function inLines(scoped: Scoped): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) controller.enqueue(lines.map((line) => `${lineOf(line, scoped)}\n`).join(""));
    },
    flush(controller) {
      if (rest !== "") controller.enqueue(lineOf(rest, scoped));
    },
  });
}

const lineOf = (line: string, scoped: Scoped): string =>
  line.startsWith(DATA) ? DATA + shownText(line.slice(DATA.length), scoped) : line;

function asWhole(scoped: Scoped): TransformStream<string, string> {
  let whole = "";
  return new TransformStream({
    transform(text) {
      whole += text;
    },
    flush(controller) {
      controller.enqueue(shownText(whole, scoped));
    },
  });
}

function shownText(text: string, scoped: Scoped): string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    // The address of a stream, or nothing.
    return text;
  }
  const shown = Array.isArray(message) ? message.map((one) => scoped.shown(one)) : scoped.shown(message);
  return shown === message ? text : JSON.stringify(shown);
}
