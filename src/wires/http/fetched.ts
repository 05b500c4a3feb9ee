import type { FetchLike } from "../../contract/credential.js";
import type { Source } from "../allowance.js";
import { isNetworkFailure, networkOutcome } from "../network.js";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import type { HttpRequest, Sender } from "./request.js";

/** Sends requests by a `fetch`: the user's own, or one that signs what it sends. */
export class Fetched implements Sender<HttpAnswer> {
  constructor(private readonly fetch: FetchLike) {}

  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      let answer: HttpAnswer | undefined;
      let reader: Reader | undefined;
      // A function that does not look at the signal must not hold its request up, nor a body that it made itself.
      const stop = (reason: Error) => {
        controller.abort(reason);
        answer?.finish(reason);
        reader?.cancel(reason).catch(() => {});
        reject(reason);
      };
      request.begin(stop);
      this.#fetch(request, controller.signal)
        .then(
          (response) => {
            const flow = new Flow();
            const options = { decoded: true, flow };
            answer = new HttpAnswer(response.status, fieldsOf(response.headers), stop, options);
            reader = response.body?.getReader();
            resolve(answer);
            void pass(reader, answer, flow);
          },
          (error: unknown) => reject(lossOf(error)),
        )
        .catch(reject);
    });
  }

  async #fetch({ method, target, headers, body }: HttpRequest, signal: AbortSignal): Promise<Response> {
    return this.fetch(target, {
      method,
      headers,
      signal,
      redirect: "manual",
      ...(body !== undefined && { body }),
    });
  }
}

/** What is no failure of the network is the function's own, and stays as it is. */
function lossOf(error: unknown): unknown {
  return isNetworkFailure(error) ? new NetworkLost(networkOutcome(error) ?? "unknown", error) : error;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Whether more of a body is asked for. */
class Flow implements Source {
  #paused: { until: Promise<void>; over(): void } | undefined;

  pause(): void {
    if (this.#paused) return;
    let over = () => {};
    const until = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#paused = { until, over };
  }

  resume(): void {
    this.#paused?.over();
    this.#paused = undefined;
  }

  get open(): Promise<void> | undefined {
    return this.#paused?.until;
  }
}

async function pass(reader: Reader | undefined, answer: HttpAnswer, flow: Flow): Promise<void> {
  try {
    for (;;) {
      await flow.open;
      const { value } = (await reader?.read()) ?? {};
      if (!value) break;
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
