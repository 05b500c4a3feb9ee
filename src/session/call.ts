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
  name?: string;
  options: (RequestOptions & { replay?: ReplayMode }) | undefined;
  /** When the call names no timeout. 0: none. */
  timeoutMs: number;
  session: object;
  /** Fires with the session's end. */
  ended: AbortSignal;
}

/**
 * One call of a session, over as many wires as it takes: waits for ready, sends, and sends again where that is
 * safe. One deadline covers all of it. Settles once.
 */
export async function runCall<T>(
  link: Link,
  spec: CallSpec,
  send: (client: Client, options: RequestOptions) => Promise<T>,
): Promise<T> {
  const { options, ended } = spec;
  const caller = options?.signal;
  const { signal, release } = either(caller, ended);
  const timeout = options?.timeout ?? spec.timeoutMs;
  const timeoutMs = timeout > 0 ? Math.min(timeout, MAX_DELAY_MS) : MAX_DELAY_MS;
  const startedAt = link.clock.now();
  const left = () => timeoutMs - (link.clock.now() - startedAt);
  const tag: CallTag = { written: 0, session: spec.session };
  try {
    for (let sendings = 1; ; sendings++) {
      if (signal.aborted) throw signal.reason;
      const remaining = sendings === 1 ? timeoutMs : left();
      if (remaining <= 0) throw timedOut(link, spec, timeoutMs);
      const ready = link.ready ?? (await waitReady(link, spec, signal, remaining, timeoutMs));
      try {
        return await send(ready.client, {
          ...options,
          signal,
          timeout: sendings === 1 && link.ready === ready ? remaining : Math.max(1, left()),
          headers: { ...options?.headers, [CALL]: tag } as Record<string, string>,
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const lost = lossOf(error, ready);
        if (!lost) throw ownErrorOf(error);
        const outcome: Outcome = tag.written > 0 ? "unknown" : lost.outcome;
        await link.whenCertain();
        if (signal.aborted) throw signal.reason;
        const replay = options?.replay ?? link.replay;
        const again =
          !lost.failure.asked && sendings < MAX_SENDINGS && maySendAgain(spec.method, outcome, replay);
        if (!again || link.closedError) throw connectionLost(link, spec, outcome, lost.failure);
        tag.written = 0;
        link.announce({
          type: "request.resent",
          method: spec.method,
          outcome,
          ...(spec.name && { name: spec.name }),
        });
      }
    }
  } finally {
    release();
  }
}

/** The caller's signal and the session's in one; without a caller's, the session's as it is. */
function either(
  caller: AbortSignal | undefined,
  ended: AbortSignal,
): { signal: AbortSignal; release: () => void } {
  if (!caller) return { signal: ended, release: () => {} };
  const controller = new AbortController();
  const onCaller = () => controller.abort(caller.reason);
  const onEnd = () => controller.abort(ended.reason);
  if (ended.aborted) onEnd();
  else if (caller.aborted) onCaller();
  caller.addEventListener("abort", onCaller);
  ended.addEventListener("abort", onEnd);
  const release = () => {
    caller.removeEventListener("abort", onCaller);
    ended.removeEventListener("abort", onEnd);
  };
  return { signal: controller.signal, release };
}

async function waitReady(
  link: Link,
  spec: CallSpec,
  signal: AbortSignal,
  remaining: number,
  timeoutMs: number,
) {
  const deadline = new AbortController();
  const onAbort = () => deadline.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = link.clock.setTimeout(() => deadline.abort(timedOut(link, spec, timeoutMs)), remaining);
  try {
    return await link.whenReady(deadline.signal);
  } finally {
    link.clock.clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
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
  return isHoldfastError(data) ? data : error;
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
