import type { CallToolRequest } from "@modelcontextprotocol/client";
import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { TaskRef, TaskStatus } from "../contract/tasks.js";

const STATUSES = new Set(["working", "input_required", "completed", "failed", "cancelled"]);

/** A task as a server of either era tells of it; undefined: it is none. */
export function readStatus(given: unknown): TaskStatus | undefined {
  const {
    taskId,
    status,
    statusMessage,
    createdAt,
    lastUpdatedAt,
    ttl,
    ttlMs = ttl,
    ...rest
  } = fieldsOf(given);
  const pollIntervalMs = rest["pollIntervalMs"] ?? rest["pollInterval"];
  if (typeof taskId !== "string" || typeof status !== "string" || !STATUSES.has(status)) return undefined;
  return {
    taskId,
    status: status as TaskStatus["status"],
    ttlMs: typeof ttlMs === "number" ? ttlMs : null,
    ...(typeof statusMessage === "string" && { statusMessage }),
    ...(typeof createdAt === "string" && { createdAt }),
    ...(typeof lastUpdatedAt === "string" && { lastUpdatedAt }),
    ...(typeof pollIntervalMs === "number" && { pollIntervalMs }),
  };
}

/** The task with which a call was answered in place of a result, if it was. */
export function taskIn(result: object): TaskStatus | undefined {
  const { resultType, task } = fieldsOf(result);
  return readStatus(resultType === "task" ? result : task);
}

export const isFinal = ({ status }: TaskStatus): boolean =>
  status !== "working" && status !== "input_required";

export const differs = (a: TaskStatus | undefined, b: TaskStatus): boolean =>
  a?.status !== b.status || a.statusMessage !== b.statusMessage;

export const MIN_POLL_MS = 100;
const MAX_POLL_MS = 60_000;
const DEFAULT_POLL_MS = 1_000;

/** How long to wait before a task is asked for again. */
export function pollDelay(status: TaskStatus | undefined): number {
  const wanted = status?.pollIntervalMs ?? DEFAULT_POLL_MS;
  return Number.isFinite(wanted) ? Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, wanted)) : DEFAULT_POLL_MS;
}

export type ToolParams = CallToolRequest["params"];

export const unsupported = (server: string, tool: string, why: string): HoldfastError =>
  new HoldfastError(
    "TASK_UNSUPPORTED",
    `${server}: ${tool} cannot be called as a task: ${why}; call it without \`task\`, or with \`task: "auto"\``,
    { server, tool },
  );

export function forgotten({ server, taskId, tool }: TaskRef, cause: unknown): HoldfastError {
  const why = "it was restarted, or the time for which it keeps tasks is over";
  const message = `${server}: the server does not know task ${taskId} of ${tool} any more (${why}): check what the tool did before you call it again`;
  return new HoldfastError("TASK_FORGOTTEN", message, { server, taskId, cause });
}

export function cancelled({ server, taskId, tool }: TaskRef, status: TaskStatus): HoldfastError {
  const why = status.statusMessage ? ` (${status.statusMessage})` : "";
  const message = `${server}: task ${taskId} of ${tool} was cancelled${why}, and has no result`;
  return new HoldfastError("TASK_CANCELLED", message, { server, taskId });
}
