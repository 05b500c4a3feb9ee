import { fieldsOf } from "../base/fields.js";

const RELATED_TASK = "io.modelcontextprotocol/related-task";

/** A task as it is shown: its server's name is in it, so that it can be followed after any restart, and is nobody else's. */
export const showTask = (server: string, taskId: string): string => `${encodeURIComponent(server)}:${taskId}`;

/** Whose a shown task is, and what it is called there. */
export function originOfTask(shown: unknown): { server: string; taskId: string } | undefined {
  if (typeof shown !== "string") return undefined;
  const end = shown.indexOf(":");
  if (end < 0) return undefined;
  try {
    return { server: decodeURIComponent(shown.slice(0, end)), taskId: shown.slice(end + 1) };
  } catch {
    return undefined;
  }
}

/** Anything that may hold tasks, with their ids as they are shown: as itself, in `task`, in `tasks`, in `_meta`. */
export function showTasks<T extends object>(server: string, value: T): T {
  const { task, tasks, _meta } = fieldsOf(value);
  const meta = fieldsOf(_meta);
  const related = meta[RELATED_TASK];
  return {
    ...shownTask(server, value),
    ...(task !== undefined && { task: shownTask(server, task) }),
    ...(Array.isArray(tasks) && { tasks: tasks.map((one: unknown) => shownTask(server, one)) }),
    ...(related !== undefined && { _meta: { ...meta, [RELATED_TASK]: shownTask(server, related) } }),
  };
}

function shownTask<T>(server: string, value: T): T {
  const { taskId } = fieldsOf(value);
  return typeof taskId === "string" ? { ...value, taskId: showTask(server, taskId) } : value;
}
