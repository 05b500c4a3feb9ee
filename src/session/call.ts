import { type Client, type RequestOptions, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { HoldfastError, isHoldfastError, type Outcome } from "../errors.js";
import { MAX_DELAY_MS } from "../machines/backoff.js";
import type { Failure } from "../machines/reducers.js";
import type { ReplayMode } from "../options.js";
import { tell } from "../sentences.js";
import { CALL, type CallTag } from "../wires/guard.js";
import { Lost } from "../wires/lost.js";
import type { Link, Ready } from "./link.js";
import { maySendAgain } from "./replay.js";

/** A call that was lost so often is not sent again, whatever its deadline. */
const MAX_SENDINGS = 5;

export interface CallSpec {
  method: string;
  /** The tool, prompt or resource, for the announcements. */
  name: string | undefined;
  options: (RequestOptions & { replay?: ReplayMode }) | undefined;
  /** When the call names no timeout. 0: none. */
  timeoutMs: number;
  session: object;
  /** Fires with the session's end. */
  ended: AbortSignal;
}

type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;

/**
 * One call of a session, over as many wires as it takes: waits for ready, sends, and sends again where that is
 * safe. One deadline covers all of it. Settles once.
 */
export async function runCall<T>(link: Link, spec: CallSpec, send: Send<T>): Promise<T> {
  const { options, ended, method } = spec;
  const caller = options?.signal;
  const timeout = options?.timeout ?? spec.timeoutMs;
  const timeoutMs = timeout > 0 && timeout < MAX_DELAY_MS ? timeout : MAX_DELAY_MS;
  const until = link.clock.now() + timeoutMs;
  const tag: CallTag = { written: 0, session: spec.session, ended, until, replay: options?.replay };
  for (let sendings = 1; ; sendings++) {
    if (ended.aborted) throw ended.reason;
    if (caller?.aborted) throw caller.reason;
    let remaining = timeoutMs;
    let ready = link.ready;
    if (ready === undefined || sendings > 1) {
      remaining = until - link.clock.now();
      if (remaining <= 0) throw timedOut(link, spec, timeoutMs);
      ready ??= await within(link, spec, until, timeoutMs, (signal) => link.whenReady(signal));
      if (ended.aborted) throw ended.reason;
      remaining = Math.max(1, until - link.clock.now());
    }
    try {
      const headers = { ...options?.headers, [CALL]: tag } as Record<string, string>;
      return await send(ready.client, { ...options, timeout: remaining, headers });
    } catch (error) {
      const { guard } = ready;
      const lost = lossOf(error, ready);
      // What was written and lost with its connection is told as that, though the session ends with it too.
      const lostWithSession = ended.aborted && lost !== undefined && !lost.failure.asked && tag.written > 0;
      if (ended.aborted && !lostWithSession) throw ended.reason;
      if (caller?.aborted) throw caller.reason;
      if (!lost) throw ownErrorOf(error);
      const outcome: Outcome = tag.written > 0 ? "unknown" : lost.outcome;
      if (lostWithSession) throw connectionLost(link, spec, outcome, lost.failure);
      await within(link, spec, until, timeoutMs, (signal) => link.whenCertain(signal));
      // Race: the wire is ending, and the connection does not know it yet; what is left in its pipes is being read.
      if (lost.ends === "soon")
        await within(link, spec, until, timeoutMs, (signal) => guard.whenDown(signal));
      const again = sendings < MAX_SENDINGS && maySendAgain(method, outcome, options?.replay ?? link.replay);
      if (!again || lost.failure.asked || link.closedError)
        throw connectionLost(link, spec, outcome, lost.failure);
      tag.written = 0;
      link.announce({ type: "request.resent", method, outcome, ...(spec.name && { name: spec.name }) });
    }
  }
}

/** Waits for as long as the call, its caller and its session allow. */
async function within<T>(
  link: Link,
  spec: CallSpec,
  until: number,
  timeoutMs: number,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { ended, options } = spec;
  const caller = options?.signal;
  const deadline = new AbortController();
  const onEnd = () => deadline.abort(ended.reason);
  const onCaller = () => deadline.abort(caller?.reason);
  ended.addEventListener("abort", onEnd);
  caller?.addEventListener("abort", onCaller);
  if (ended.aborted) onEnd();
  if (caller?.aborted) onCaller();
  const timer = link.clock.setTimeout(
    () => deadline.abort(timedOut(link, spec, timeoutMs)),
    until - link.clock.now(),
  );
  try {
    return await wait(deadline.signal);
  } finally {
    link.clock.clearTimeout(timer);
    ended.removeEventListener("abort", onEnd);
    caller?.removeEventListener("abort", onCaller);
  }
}

/** The SDK's own kind of timeout, with what the call was waiting for. */
function timedOut(link: Link, spec: CallSpec, timeoutMs: number): SdkError {
  const { state, detail, attempt, lastError } = link.status();
  const where = link.ready ? "" : ` while ${link.name} was ${detail ?? state}, attempt ${attempt}`;
  const why = lastError && !link.ready ? `: ${lastError.message}` : "";
  return new SdkError(
    SdkErrorCode.RequestTimeout,
    `${spec.method} was not answered within ${timeoutMs} ms${where}${why}`,
    {
      timeout: timeoutMs,
    },
  );
}

function lossOf(error: unknown, { guard }: Ready): Lost | undefined {
  const lost = Lost.of(error);
  if (lost) return lost;
  // Race: the wire went down between our look at it and the Client's.
  const unsent = error instanceof Error && error.message === "Not connected";
  return unsent
    ? new Lost("not-sent", guard.down ?? { code: "CONNECTION_LOST", message: "not connected" })
    : undefined;
}

/** An error of ours that came through the Client inside an answer; anything else is the server's and stays as it is. */
function ownErrorOf(error: unknown): unknown {
  const data = (error as { data?: unknown } | undefined)?.data;
  return isHoldfastError(data) || data instanceof SdkError ? data : error;
}

const ADVICE: Record<Outcome, string> = {
  "not-sent": "It was not sent",
  rejected: "The server refused it before doing it",
  unknown: "It may have been done: check before you repeat it",
};

function connectionLost(link: Link, spec: CallSpec, outcome: Outcome, failure: Failure): HoldfastError {
  const what = spec.name ? `${spec.method} ${JSON.stringify(spec.name)}` : spec.method;
  link.announce({
    type: "request.lost",
    method: spec.method,
    outcome,
    code: "CONNECTION_LOST",
    ...(spec.name && { name: spec.name }),
  });
  const message = tell(`${link.name}: ${what} was lost: ${failure.message}`, {
    ...failure,
    hint: ADVICE[outcome],
  });
  return new HoldfastError("CONNECTION_LOST", message, {
    server: link.name,
    outcome,
    cause: failure.error ?? link.closedError,
    ...failure.details,
  });
}
