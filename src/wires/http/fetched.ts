import type { FetchLike } from "../../contract/credential.js";
import { isNetworkFailure, networkOutcome } from "../network.js";
import { HttpAnswer } from "./answer.js";
import { NetworkLost } from "./failures.js";
import type { Exchange, HttpRequest, Sender } from "./request.js";

/** Sends requests by a `fetch`: the user's own, or one that signs what it sends. */
export class Fetched implements Sender<HttpAnswer> {
  constructor(private readonly fetch: FetchLike) {}

  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Fetching(reject);
      request.begin(exchange);
      this.#fetch(request, exchange.signal)
        .then(
          (response) => {
            const answer = new HttpAnswer(response.status, fieldsOf(response.headers), exchange, "");
            exchange.open(response, answer);
            resolve(answer);
            void exchange.pass(answer);
          },
          (error: unknown) => reject(lossOf(error)),
        )
        .catch(reject);
    });
  }

  async #fetch({ method, target, headers, body }: HttpRequest, signal: AbortSignal): Promise<Response> {
    return this.fetch(target, {
      method,
      // Those of other requests may be the same object, and the function may add some to this one's.
      headers: { ...headers },
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

/** One call of a `fetch`, and the body that it gives. */
class Fetching implements Exchange {
  readonly #controller = new AbortController();
  #answer: HttpAnswer | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Nothing of the body is asked for until then. */
  #paused: { until: Promise<void>; over(): void } | undefined;

  constructor(private readonly reject: (reason: Error) => void) {}

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A function that does not look at the signal must not hold its request up, nor a body that it made itself. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
    this.#answer?.finish(reason);
    this.#reader?.cancel(reason).catch(() => {});
    this.reject(reason);
  }

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

  /** Throws where somebody else reads the body. */
  open({ body }: Response, answer: HttpAnswer): void {
    this.#answer = answer;
    this.#reader = body?.getReader();
  }

  /** Hands the body on as it comes. */
  async pass(answer: HttpAnswer): Promise<void> {
    try {
      for (;;) {
        await this.#paused?.until;
        const { value } = (await this.#reader?.read()) ?? {};
        if (!value) break;
        answer.push(Buffer.from(value.buffer, value.byteOffset, value.length));
      }
      answer.finish();
    } catch (error) {
      answer.finish(new NetworkLost("unknown", error));
    }
  }
}

function fieldsOf(headers: Headers): Record<string, string | string[]> {
  return { ...Object.fromEntries(headers), "set-cookie": headers.getSetCookie() };
}
