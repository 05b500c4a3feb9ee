import { withDeadline } from "../base/wait.js";
import type { CallContext } from "../contract/call-context.js";
import type { RequestContext, Upstream } from "./presented.js";

/** The inner deadline comes first, because it knows which server is waited for and why. */
const MARGIN_MS = 25;

const leftOf = ({ deadline }: CallContext) => Math.max(1, deadline.remaining() - MARGIN_MS);

/** Waits for as long as the client's call does. */
export function whileCalled<T>(
  ctx: RequestContext,
  call: CallContext | undefined,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ms = call ? leftOf(call) : Number.POSITIVE_INFINITY;
  const expired = () => new Error(`the deadline of ${Math.round(ms)} ms is over`);
  return withDeadline({ ms, expired, signals: [ctx.mcpReq.signal] }, wait);
}

/** What is left of the client's time; the server's own word on it counts where the caller has none. */
export function innerTimeout(call: CallContext | undefined, { timeoutMs }: Upstream): number {
  if (!call) return timeoutMs ?? 0;
  const left = leftOf(call);
  return timeoutMs && !call.deadline.named ? Math.min(left, timeoutMs) : left;
}
