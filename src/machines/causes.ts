/** Translates the names of XState's internal events into the words of the chart. Other names are returned as they are. */
export function causeOf(type: string): string {
  if (type === "xstate.done.actor.open") return "wire.opened";
  if (type === "xstate.error.actor.open") return "attempt.failed";
  if (type === "xstate.done.actor.probe") return "probe.answered";
  if (type === "xstate.error.actor.probe") return "probe.failed";
  if (type === "xstate.done.actor.authorize") return "authorized";
  if (type === "xstate.error.actor.authorize") return "authorization.failed";
  if (type.startsWith("xstate.done.actor.dispose") || type.startsWith("xstate.error.actor.dispose"))
    return "disposed";
  if (type.includes("connectTimeout")) return "attempt.timed-out";
  if (type.includes("authorizeTimeout")) return "authorization.timed-out";
  if (type.includes("probeTimeout")) return "probe.timed-out";
  if (type.includes("closeTimeout")) return "disposal.timed-out";
  if (type.includes("untilRetry")) return "retry.due";
  return type;
}
