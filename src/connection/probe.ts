import { type Client, ProtocolError, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { isHoldfastError, statusOf } from "../base/errors.js";
import { ANY_RESULT } from "../contract/any-result.js";
import type { Failure } from "../machines/failure.js";
import type { Ready } from "../session/ports.js";
import { Lost } from "../wires/lost.js";
import { failureOf } from "./failure.js";

/** So much of the time of a probe is for one question. */
const ONE_QUESTION = 0.4;

/** In the words of the server's era. */
const ping = (client: Client, timeout: number): Promise<unknown> =>
  client.getProtocolEra() === "modern" ? client.discover({ timeout }) : client.ping({ timeout });

/** Whether the server answers a ping, in whatever way. It is asked by the way: nobody waits, and no state changes. */
export async function answersPing({ client }: Ready, timeoutMs: number): Promise<boolean> {
  try {
    await ping(client, timeoutMs * ONE_QUESTION);
    return true;
  } catch (error) {
    return !isSilence(error);
  }
}

interface Probing {
  timeoutMs: number;
  signal: AbortSignal;
  /** It did not answer a ping a moment ago. */
  pinged?: boolean;
}

/**
 * Settles when the server gives a sign of life, or is busy: it has calls, and its transport shows life though it does not
 * answer. Throws a `Failure` when it is lost. Two questions and a look at the transport fit into `timeoutMs`.
 */
export async function probe(
  { client, guard }: Ready,
  { timeoutMs, signal, pinged }: Probing,
): Promise<"alive" | "busy"> {
  const timeout = timeoutMs * ONE_QUESTION;
  const questions = [
    ...(pinged ? [] : [() => ping(client, timeout)]),
    // Some never answer a ping; a method that nobody knows is refused, and that is an answer.
    () => client.request({ method: "holdfast/alive" }, ANY_RESULT, { timeout }),
  ];
  let failure: Failure | undefined;
  for (const ask of questions) {
    try {
      await ask();
      return "alive";
    } catch (error) {
      // Race: the server refused the question for lack of a credential, and another is being got.
      if (signal.aborted || !isSilence(error)) return "alive";
      failure = failureOf(error);
      // The network said no: there is nothing to wait for.
      if (!isTimeout(error)) break;
      if (ask !== questions.at(-1)) continue;
      if (guard.inFlight > 0 && (await guard.wire.alive?.(timeoutMs * 0.15))) return "busy";
    }
  }
  guard.shut(failure!);
  throw { ...failure!, code: "CONNECTION_LOST" } satisfies Failure;
}

const isTimeout = (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;

/** Whether a probe failed because nothing came back; any answer of the server, an error too, is a sign of life. */
function isSilence(error: unknown): boolean {
  if (isHoldfastError(error, "AUTH_REQUIRED")) return false;
  if (Lost.of(error)) return true;
  if (error instanceof SdkError) return statusOf(error) === undefined;
  return !(error instanceof ProtocolError);
}
