import type { FetchLike } from "../../contract/credential.js";
import { isNetworkFailure, networkOutcome } from "../network.js";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import type { HttpRequest, Sender } from "./request.js";

/** Sends requests by a `fetch`: the user's own, or one that signs what it sends. */
export class Fetched implements Sender<HttpAnswer> {
  constructor(private readonly fetch: FetchLike) {}

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const controller = new AbortController();
    request.begin((reason) => controller.abort(reason));
    const { method, target, headers, body } = request;
    const response = await this.fetch(target, {
      method,
      headers,
      signal: controller.signal,
      redirect: "manual",
      ...(body !== undefined && { body }),
    }).catch((error: unknown) => {
      throw request.aborted ?? lossOf(error);
    });
    const reader = response.body?.getReader();
    const answer = new HttpAnswer(response.status, fieldsOf(response.headers), stop, true);
    // A body that the function made itself does not hear of the signal.
    function stop(reason: Error): void {
      answer.finish(reason);
      controller.abort(reason);
      reader?.cancel(reason).catch(() => {});
    }
    if (reader) void pass(reader, answer);
    else answer.finish();
    return answer;
  }
}

/** What is no failure of the network is the function's own, and stays as it is. */
function lossOf(error: unknown): unknown {
  return isNetworkFailure(error) ? new NetworkLost(networkOutcome(error) ?? "unknown", error) : error;
}

async function pass(reader: ReadableStreamDefaultReader<Uint8Array>, answer: HttpAnswer): Promise<void> {
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      answer.push(Buffer.from(value.buffer, value.byteOffset, value.length));
    }
    answer.finish();
  } catch (error) {
    answer.finish(new NetworkLost("unknown", error));
  }
}

function fieldsOf(headers: Headers): Record<string, string | string[]> {
  return { ...Object.fromEntries(headers), "set-cookie": headers.getSetCookie() };
}
