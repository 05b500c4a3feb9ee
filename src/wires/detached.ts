import { pause, signalProcess } from "./process-group.js";
import { type MarkedProcess, markedBy } from "./processes.js";

const POLL_MS = 50;

/**
 * Looks for what a server started in a session of its own, where neither its end nor a signal to its group reaches it, and
 * gives the warning that names what is left of that. With `termMs` it is ended before: SIGTERM, and SIGKILL after so long.
 * Daemons are often meant to stay.
 */
export async function detachedLeft(mark: string, termMs?: number): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const signals: NodeJS.Signals[] = termMs === undefined ? [] : ["SIGTERM", "SIGKILL"];
  let left = await find(mark);
  for (const signal of signals) {
    for (const { pid } of left) signalProcess(pid, signal);
    for (let waited = 0; waited < termMs! && left.some(({ pid }) => signalProcess(pid, 0)); waited += POLL_MS)
      await pause(POLL_MS);
    if (left.length > 0) left = await find(mark);
  }
  return left.length > 0 ? leftBehind(left) : undefined;
}

/** No descriptor may be free to look with; then nobody knows. */
const find = (mark: string): Promise<MarkedProcess[]> => markedBy(mark).catch(() => []);

const NAMED = 5;

/** The warning that names what was left. */
export function leftBehind(left: readonly MarkedProcess[]): string {
  const some = left.slice(0, NAMED).map(({ pid, name }) => `${pid} (${name})`);
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : "";
  return `the server left running what it had started in a session of its own: ${some.join(", ")}${more}; endDetached: true ends that too`;
}
