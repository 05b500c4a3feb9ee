import { ProtocolError, SdkError } from "@modelcontextprotocol/client";
import { isHoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { Observed, RequestEnd } from "../contract/inspection.js";
import type { CallTrace, TracedEnd } from "../contract/trace.js";
import type { ConnectionPort } from "./ports.js";

let requests = 0;

/** Runs a call, and tells those who inspect when it began and how it ended. Not async: each turn would cost a call one. */
export function inspectedCall<T>(
  observe: (event: Observed) => void,
  { method, name }: { method: string; name: string | undefined },
  run: () => Promise<T>,
): Promise<T> {
  const request = ++requests;
  const named = name === undefined ? undefined : { name };
  const startedAt = performance.now();
  const settle = (end: RequestEnd, code?: string) => {
    const durationMs = Math.round((performance.now() - startedAt) * 100) / 100;
    const coded = code === undefined ? undefined : { code };
    observe({ type: "request.settled", request, method, durationMs, end, ...named, ...coded });
  };
  observe({ type: "request.started", request, method, ...named });
  return run().then(
    (result) => {
      settle(endOfResult(result));
      return result;
    },
    (error: unknown) => {
      settle(...endOf(error));
      throw error;
    },
  );
}

/** How a call ended that has a result. */
export const endOfResult = (result: unknown): RequestEnd =>
  fieldsOf(result)["isError"] ? "refused" : "answered";

/** How a call ended that was rejected, and the code of its error. */
export function endOf(error: unknown): [RequestEnd, (string | undefined)?] {
  if (isHoldfastError(error)) return [(error as { outcome?: RequestEnd }).outcome ?? "failed", error.code];
  if (error instanceof ProtocolError) return ["refused", String(error.code)];
  return ["failed", error instanceof SdkError ? String(error.code) : undefined];
}

/** Tells a trace how its call ended. What it throws, as an exporter of the user's may, does not become the call's end. */
export function tellEnd(
  { ready }: ConnectionPort,
  trace: CallTrace,
  how: Pick<TracedEnd, "end" | "error" | "result">,
): void {
  try {
    trace.ended({
      end: how.end,
      error: how.error,
      result: how.result,
      protocolVersion: ready?.client.getNegotiatedProtocolVersion(),
      sessionId: ready?.guard.sessionId,
    });
  } catch {
    // Nobody is there to be told.
  }
}
