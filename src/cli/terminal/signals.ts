/** The signals by which a program is asked to end. */
export const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls `take` with each of them. Returns what ends that. */
export function onSignals(take: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, take);
  return () => {
    for (const signal of SIGNALS) process.off(signal, take);
  };
}
