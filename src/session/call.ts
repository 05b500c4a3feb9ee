import { type Client, type RequestOptions, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { isHoldfastError, type Outcome } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { pause, withDeadline } from "../base/wait.js";
import type { Admit } from "../contract/asking.js";
import type { CallTrace } from "../contract/trace.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "../wires/lost.js";
import { authRequired, calledOf, connectionLost, timedOut } from "./call-errors.js";
import type { CallSpec } from "./call-spec.js";
import { Deadline } from "./deadline.js";
import { endOf, endOfResult, inspectedCall, tellEnd } from "./inspected-call.js";
import { invalidAnswerOf } from "./invalid-answer.js";
import type { ConnectionPort, Ready } from "./ports.js";
import { maySendAgain } from "./replay.js";
import { Tag } from "./tag.js";

/** A call that was lost so often is not sent again, whatever its deadline. */
const MAX_SENDINGS = 5;

type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;

/**
 * One call of a session, over as many wires as it takes: waits for ready, sends, and sends again where that is
 * safe. One deadline covers all of it. Settles once.
 */
export function runCall<T>(port: ConnectionPort, spec: CallSpec, send: Send<T>): Promise<T> {
  const { observe, tracer } = port;
  // Nobody who follows it costs it nothing: no function is made for that.
  if (!observe && !tracer) return sendUntilSettled(port, spec, send, undefined);
  const trace = tracer?.call(spec, port);
  if (trace) spec.trace = trace;
  if (!observe) return sendUntilSettled(port, spec, send, trace);
  return inspectedCall(observe, spec, () => sendUntilSettled(port, spec, send, trace));
}

async function sendUntilSettled<T>(
  port: ConnectionPort,
  spec: CallSpec,
  send: Send<T>,
  trace: CallTrace | undefined,
): Promise<T> {
  const { options, ended } = spec;
  const deadline = new Deadline(port.clock, spec);
  try {
    const caller = deadline.signal;
    // What counts is what the tool said of itself before it was called.
    const annotated = port.mayRepeat(spec.name);
    const replay = options?.replay ?? port.replay;
    const repeatable = maySendAgain({ method: spec.method, outcome: "unknown", replay, annotated });
    const tag = new Tag(spec, deadline, repeatable);
    let before: Failure | undefined;
    for (let sendings = 1; ; sendings++) {
      if (ended.aborted) throw ended.reason;
      if (caller?.aborted) throw caller.reason;
      let remaining = deadline.timeoutMs;
      let ready = port.ready;
      if (ready === undefined || sendings > 1) {
        if (deadline.remaining() <= 0) throw timedOut(port, spec, deadline);
        ready ??= await within(port, spec, deadline, (signal) =>
          port.whenReady(signal, { isNewCall: sendings === 1 }),
        ).catch((error) => {
          throw before && isUnsent(error)
            ? connectionLost(port, spec, "unknown", { ...before, error })
            : error;
        });
        if (ended.aborted) throw ended.reason;
        remaining = Math.max(1, deadline.remaining());
      }
      if (options?.admit) {
        await admitted(port, spec, deadline, { admit: options.admit, before });
        remaining = Math.max(1, deadline.remaining());
      }
      try {
        const result = await send(ready.client, tag.sent(remaining));
        if (trace) tellEnd(port, trace, { end: endOfResult(result), result });
        return result;
      } catch (error) {
        const failed = { error, ready, tag, sendings, annotated, before };
        before = await afterFailure(port, spec, deadline, failed);
        tag.written = 0;
        tag.result = undefined;
      }
    }
  } catch (error) {
    const told = port.shown(error);
    if (trace) tellEnd(port, trace, { end: endOf(told)[0], error: told });
    throw told;
  } finally {
    deadline.clear();
  }
}

/** Settles when whoever knows the server lets the call be sent to it now. */
async function admitted(
  port: ConnectionPort,
  spec: CallSpec,
  deadline: Deadline,
  { admit, before }: { admit: Admit; before: Failure | undefined },
): Promise<void> {
  try {
    await within(port, spec, deadline, admit);
  } catch (error) {
    // It may have been done, when it was sent before: that is what its caller must know.
    throw before ? connectionLost(port, spec, "unknown", { ...before, error }) : error;
  }
  if (spec.ended.aborted) throw spec.ended.reason;
}

interface Failed {
  error: unknown;
  ready: Ready;
  tag: Tag;
  sendings: number;
  annotated: boolean;
  /** How a sending was lost that may have been done. */
  before: Failure | undefined;
}

/**
 * Returns where the call is to be sent again, when it is time for that: how it was lost, if it may have been done. Throws
 * what its caller is told otherwise.
 */
async function afterFailure(
  port: ConnectionPort,
  spec: CallSpec,
  deadline: Deadline,
  failed: Failed,
): Promise<Failure | undefined> {
  const { ended, options, method } = spec;
  const { error, ready, tag, sendings, annotated } = failed;
  const lost = lossOf(error, ready);
  // What was written and lost with its connection is told as that, though the session ends with it too.
  const lostWithSession = ended.aborted && lost !== undefined && !lost.failure.asked && tag.written > 0;
  // Race: the session ends in the tick in which the call that waited for a sign-in is told of it; it is told why.
  const unauthorized =
    lost?.failure.code === "AUTH_REQUIRED" && !lost.failure.authorizable && tag.written === 0;
  if (unauthorized && lost.outcome === "rejected") throw authRequired(port, spec, lost.failure);
  if (ended.aborted && !lostWithSession) throw ended.reason;
  if (deadline.over || isTimeout(error)) throw timedOut(port, spec, deadline);
  if (options?.signal?.aborted) throw options.signal.reason;
  if (!lost)
    throw invalidAnswerOf({ server: port.name, method, name: spec.name }, error, tag) ?? ownErrorOf(error);
  const outcome: Outcome = tag.written > 0 ? "unknown" : lost.outcome;
  const { failure } = lost;
  const before = outcome === "unknown" ? failure : failed.before;
  const reported = before ? "unknown" : outcome;
  if (lostWithSession) throw connectionLost(port, spec, reported, failure);
  await within(port, spec, deadline, (signal) => port.whenVerdict(signal));
  // Race: the wire is ending, and the connection does not know it yet; what is left in its pipes is being read.
  if (lost.ends === "soon") await within(port, spec, deadline, (signal) => ready.guard.whenDown(signal));
  const again =
    sendings < MAX_SENDINGS &&
    maySendAgain({
      method,
      outcome,
      replay: options?.replay ?? port.replay,
      annotated,
    });
  if (failure.asked || port.closedError) throw connectionLost(port, spec, reported, failure);
  // A busy server's own answer is what the caller gets where there is no time to come back.
  const wait = lost.ends === undefined ? failure.retryAfterMs : undefined;
  const late = wait !== undefined && wait >= deadline.remaining();
  // What never reached the server costs it nothing; everything else is bounded.
  const afforded = again && !late && (outcome === "not-sent" || port.mayResend(ready));
  if (!afforded) throw wait !== undefined ? failure.error : connectionLost(port, spec, reported, failure);
  if (wait !== undefined) await within(port, spec, deadline, (signal) => pause(port.clock, wait, signal));
  tag.trace?.resent(outcome);
  port.announce({ type: "request.resent", method, outcome, ...calledOf(spec) });
  return before;
}

/** What is true of this sending, and not of a call that was sent before. */
const isUnsent = (error: unknown): boolean =>
  isHoldfastError(error, "QUEUE_FULL") ||
  (isHoldfastError(error, "CONNECTION_LOST") && error.outcome === "not-sent");

/** Waits for as long as the call, its caller and its session allow. */
function within<T>(
  port: ConnectionPort,
  spec: CallSpec,
  deadline: Deadline,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(
    {
      clock: port.clock,
      ms: deadline.remaining(),
      expired: () => timedOut(port, spec, deadline),
      signals: [spec.ended, spec.options?.signal],
    },
    wait,
  );
}

/** The Client's own clock may be the first to ring, and it knows neither server nor tool. */
const isTimeout = (error: unknown): boolean =>
  error instanceof SdkError &&
  error.code === SdkErrorCode.RequestTimeout &&
  error.message === "Request timed out";

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
  const { data } = fieldsOf(error);
  return isHoldfastError(data) || data instanceof SdkError ? data : error;
}
