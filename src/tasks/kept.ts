import type { StoredTask } from "../contract/tasks.js";

/** Of more tasks the oldest are forgotten. */
const MAX_TASKS = 1_000;

/** What of these is worth keeping: the server has it still, and there are not too many. */
export function keptOf(tasks: readonly StoredTask[], now: number): StoredTask[] {
  const alive = tasks.filter(
    // Whoever says zero means that it does not forget: it would be over before anybody could ask.
    ({ createdAt, ttlMs }) => !ttlMs || !(Date.parse(createdAt) + ttlMs < now),
  );
  return alive.slice(-MAX_TASKS);
}

/** Whether both mean the same task of the same server. */
export const isSame = (a: StoredTask, b: StoredTask): boolean =>
  a.server === b.server && a.taskId === b.taskId && (a.taskId !== undefined || a.key === b.key);
