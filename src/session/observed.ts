import { ProtocolError, SdkError } from "@modelcontextprotocol/client";
import { isHoldfastError } from "../errors.js";
import type { Observed, RequestEnd } from "../inspect/events.js";

let requests = 0;

/** Runs a call, and tells those who inspect when it began and how it ended. */
export async function observed<T>(
  observe: (event: Observed) => void,
  { method, name }: { method: string; name: string | undefined },
  run: () => Promise<T>,
): Promise<T> {
  const call = { request: ++requests, method, ...(name !== undefined && { name }) };
  const startedAt = performance.now();
  const settle = (end: RequestEnd, code?: string) =>
    observe({
      type: "request.settled",
      ...call,
      durationMs: Math.round((performance.now() - startedAt) * 100) / 100,
      end,
      ...(code !== undefined && { code }),
    });
  observe({ type: "request.started", ...call });
  try {
    const result = await run();
    settle((result as { isError?: boolean } | undefined)?.isError ? "refused" : "answered");
    return result;
  } catch (error) {
    settle(...endOf(error));
    throw error;
  }
}

function endOf(error: unknown): [RequestEnd, string?] {
  if (isHoldfastError(error)) return [(error as { outcome?: RequestEnd }).outcome ?? "failed", error.code];
  if (error instanceof ProtocolError) return ["refused", String(error.code)];
  return ["failed", error instanceof SdkError ? String(error.code) : undefined];
}
