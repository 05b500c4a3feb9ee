import { pause, signalProcess } from "./process-group.js";
import { type MarkedProcess, markedBy } from "./processes.js";

const POLL_MS = 50;

/** What a server started in a session of its own, where neither its end nor a signal to its group reaches it. */
export async function detachedProcesses(mark: string): Promise<MarkedProcess[]> {
  if (process.platform !== "linux") return [];
  // No descriptor may be free to look with; then nobody knows.
  return markedBy(mark).catch(() => []);
}

/** Ends them: SIGTERM and `termMs`, then SIGKILL. Gives what is left of them. */
export async function endDetached(mark: string, termMs: number): Promise<MarkedProcess[]> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const found = await detachedProcesses(mark);
    if (found.length === 0) return [];
    for (const { pid } of found) signalProcess(pid, signal);
    for (let waited = 0; waited < termMs && found.some(({ pid }) => signalProcess(pid, 0)); waited += POLL_MS)
      await pause(POLL_MS);
  }
  return detachedProcesses(mark);
}

const NAMED = 5;

/** The warning that names what was left. */
export function leftBehind(left: readonly MarkedProcess[]): string {
  const some = left.slice(0, NAMED).map(({ pid, name }) => `${pid} (${name})`);
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : "";
  return `the server left running what it had started in a session of its own: ${some.join(", ")}${more}; endDetached: true ends that too`;
}
