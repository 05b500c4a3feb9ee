import {
  ProtocolError,
  ProtocolErrorCode,
  type RequestOptions,
  type Result,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { HoldfastError, isHoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { pause } from "../base/wait.js";
import type { TaskRef, TaskStatus } from "../contract/tasks.js";
import type { TaskHost } from "./host.js";
import { forgotten, pollDelay, readStatus } from "./status.js";

/** A server that has a connection and does not answer so often in a row will not answer. */
const MAX_SILENT = 5;
const MAX_EXCERPT = 200;

/** Asks about one task until there is an answer: whatever is lost on the way may be asked again. */
export async function askAbout(
  host: TaskHost,
  ref: TaskRef,
  method: "tasks/get" | "tasks/result" | "tasks/update" | "tasks/cancel",
  { params, signal, timeout }: { params?: object; signal: AbortSignal; timeout?: number },
): Promise<Result> {
  for (let silent = 0; ; ) {
    try {
      const options = { signal, ...(timeout !== undefined && { timeout }) };
      return await host.request(method, { taskId: ref.taskId, ...params }, options);
    } catch (error) {
      signal.throwIfAborted();
      if (isInvalid(error))
        throw await refusal(ref, method, error, () => askAbout(host, ref, "tasks/get", { signal }));
      if (host.closed || !isPassing(error)) throw error;
      if (isTimeout(error) && host.connected && ++silent >= MAX_SILENT) throw error;
      await pause(host.clock, pollDelay(undefined), signal);
    }
  }
}

/** The status of a task, and all that the server says with it. */
export async function askStatus(
  host: TaskHost,
  ref: TaskRef,
  signal: AbortSignal,
): Promise<{ status: TaskStatus; detail: Result }> {
  const detail = await askAbout(host, ref, "tasks/get", { signal });
  return { status: statusOf(host, ref, detail), detail };
}

/** @throws HoldfastError `TASK_FORGOTTEN`, or what the session throws */
export async function askOnce(
  host: TaskHost,
  ref: TaskRef,
  method: "tasks/get" | "tasks/cancel",
  options: RequestOptions | undefined,
): Promise<Result> {
  try {
    return await host.request(method, { taskId: ref.taskId }, options);
  } catch (error) {
    if (!isInvalid(error)) throw error;
    throw await refusal(ref, method, error, () => askOnce(host, ref, "tasks/get", options));
  }
}

/**
 * What it means that a request is told to be invalid. It need not be the id: the task may have ended so that it cannot be changed, or
 * its call may have failed with that. Where the id is all there is, and the server cannot say how the task is, it has none.
 */
async function refusal(
  ref: TaskRef,
  method: string,
  error: unknown,
  get: () => Promise<unknown>,
): Promise<unknown> {
  if (method === "tasks/get") return forgotten(ref, error);
  const asked: unknown = await get().catch((why: unknown) => why);
  return isHoldfastError(asked, "TASK_FORGOTTEN") ? asked : error;
}

/** @throws HoldfastError `INVALID_ANSWER` where it is no status of that task */
export function statusOf(host: TaskHost, { taskId }: TaskRef, given: unknown): TaskStatus {
  const status = readStatus(given);
  if (status?.taskId === taskId) return status;
  throw unusable(host, "tasks/get", `it is no status of task ${taskId}`, given);
}

export function unusable(host: TaskHost, method: string, why: string, given: unknown): HoldfastError {
  const { server } = host;
  const answer = host.shown(JSON.stringify(given ?? null)).slice(0, MAX_EXCERPT);
  const message = host.shown(`${server}: ${method} was answered with what cannot be used: ${why}`);
  return new HoldfastError("INVALID_ANSWER", message, { server, method, answer, outcome: "unknown" });
}

const isInvalid = (error: unknown): boolean =>
  error instanceof ProtocolError && fieldsOf(error)["code"] === ProtocolErrorCode.InvalidParams;

export const isTimeout = (error: unknown): boolean =>
  error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;

/** What is over with the next connection, or with less to do. */
const isPassing = (error: unknown): boolean =>
  isHoldfastError(error, "CONNECTION_LOST") || isHoldfastError(error, "QUEUE_FULL") || isTimeout(error);
