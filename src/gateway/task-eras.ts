import { CLIENT_CAPABILITIES_META_KEY, ProtocolError, type Result } from "@modelcontextprotocol/server";
import { whenAborted } from "../base/abort.js";
import { isHoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { TASKS_EXTENSION } from "../contract/protocol.js";
import type { Session } from "../contract/session.js";
import type { RunningTask, TaskRef, TaskStatus } from "../contract/tasks.js";
import type { Params, RequestContext } from "./presented.js";

/** A request that is about tasks of a server of the other era. */
interface Crossing {
  session: Session;
  method: string;
  params: Params;
  ctx: RequestContext;
  /** What the call is sent with. */
  options: { signal: AbortSignal; timeout: number };
}

type ToolParams = Parameters<Session["callTool"]>[0];
type Capabilities = NonNullable<ReturnType<Session["getServerCapabilities"]>>;

/** What a server can do, with its tasks in the words of both eras: a client hears what its own era has. */
export function withTasksOfBoth(capabilities: Capabilities): Capabilities {
  const { tasks, extensions } = capabilities;
  const modern = extensions?.[TASKS_EXTENSION] !== undefined;
  const legacy = tasks?.requests?.tools?.call !== undefined;
  if (modern === legacy) return capabilities;
  return modern
    ? { ...capabilities, tasks: { cancel: {}, requests: { tools: { call: {} } }, ...tasks } }
    : { ...capabilities, extensions: { ...extensions, [TASKS_EXTENSION]: {} } };
}

/** A tool of a modern server, where any call may become a task, in the words of a legacy client. */
export function withTaskSupport<T extends object>(session: Session | undefined, tool: T): T {
  if (session?.getProtocolEra() !== "modern" || !knowsTasks(session)) return tool;
  return { ...tool, execution: { taskSupport: "optional", ...fieldsOf(fieldsOf(tool)["execution"]) } };
}

const knowsTasks = (session: Session) => {
  const { tasks, extensions } = session.getServerCapabilities() ?? {};
  return tasks?.requests?.tools?.call !== undefined || extensions?.[TASKS_EXTENSION] !== undefined;
};

/** The answer to a client whose era has other words for tasks than the server's; undefined: there is nothing to translate. */
export async function taskAcrossEras(crossing: Crossing): Promise<Result | undefined> {
  if (!knowsTasks(crossing.session)) return undefined;
  return crossing.session.getProtocolEra() === "modern" ? forLegacy(crossing) : forModern(crossing);
}

async function forLegacy({ session, method, params, options }: Crossing): Promise<Result | undefined> {
  const ref = refIn(session, params);
  const { signal } = options;
  switch (method) {
    case "tools/call": {
      if (!params["task"]) return undefined;
      const { task: _, ...call } = params;
      const running = await begun(session, call, options);
      return running.status ? { task: legacyTask(running.status) } : running.result();
    }
    case "tasks/get":
      return legacyTask(await session.tasks.get(ref, options));
    case "tasks/cancel":
      await session.tasks.cancel(ref, options);
      return legacyTask(await session.tasks.get(ref, options));
    case "tasks/result": {
      const { _meta, ...result } = await session.tasks.result(ref, { signal });
      return {
        ...result,
        _meta: { ..._meta, "io.modelcontextprotocol/related-task": { taskId: ref.taskId } },
      };
    }
    default:
      return undefined;
  }
}

async function forModern({ session, method, params, ctx, options }: Crossing): Promise<Result | undefined> {
  const ref = refIn(session, params);
  switch (method) {
    case "tools/call":
      return isOptedIn(ctx) ? beginForModern(session, params, options) : undefined;
    case "tasks/get":
      return detailOf(session, ref, options);
    case "tasks/cancel":
      await session.tasks.cancel(ref, options);
      return {};
    default:
      return undefined;
  }
}

/** The client's request is over once the task has begun; only before that it ends the call. */
async function begun(session: Session, call: Params, options: Crossing["options"]): Promise<RunningTask> {
  const beginning = new AbortController();
  const stop = whenAborted(options.signal, (reason) => beginning.abort(reason));
  try {
    return await session.tasks.start(call as ToolParams, { ...options, signal: beginning.signal });
  } finally {
    stop();
  }
}

async function beginForModern(
  session: Session,
  params: Params,
  options: Crossing["options"],
): Promise<Result | undefined> {
  try {
    const running = await begun(session, params, options);
    return running.status ? { resultType: "task", ...modernTask(running.status) } : await running.result();
  } catch (error) {
    // A tool without tasks is called as it is.
    if (isHoldfastError(error, "TASK_UNSUPPORTED")) return undefined;
    throw error;
  }
}

/** A modern server says the result with the status. */
async function detailOf(session: Session, ref: TaskRef, options: Crossing["options"]): Promise<Result> {
  const status = await session.tasks.get(ref, options);
  if (status.status === "input_required") {
    awaitOnce(session, ref);
    return modernTask({ ...status, status: "working" });
  }
  if (status.status === "working" || status.status === "cancelled") return modernTask(status);
  try {
    const result = await session.tasks.result(ref, { signal: options.signal });
    return {
      ...modernTask({ ...status, status: "completed" }),
      result: { ...result, resultType: "complete" },
    };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message, data } = error;
    return { ...modernTask({ ...status, status: "failed" }), error: { code, message, data } };
  }
}

/** The tasks of a session whose results are waited for. */
const awaited = new WeakMap<Session, Set<string>>();

/** A legacy server asks once somebody waits for the result; that nobody can answer it must know. */
function awaitOnce(session: Session, ref: TaskRef): void {
  const ids = awaited.get(session) ?? new Set();
  awaited.set(session, ids);
  if (ids.has(ref.taskId)) return;
  ids.add(ref.taskId);
  const over = () => void ids.delete(ref.taskId);
  session.tasks.result(ref).then(over, over);
}

function isOptedIn({ mcpReq }: RequestContext): boolean {
  const { extensions } = fieldsOf(fieldsOf(mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]);
  return fieldsOf(extensions)[TASKS_EXTENSION] !== undefined;
}

const refIn = (session: Session, { taskId }: Params): TaskRef => ({
  server: session.connection.name,
  era: session.getProtocolEra() === "modern" ? "modern" : "legacy",
  taskId: String(taskId),
  tool: "",
  createdAt: new Date(0).toISOString(),
  ttlMs: null,
});

const legacyTask = ({ ttlMs, pollIntervalMs, ...task }: TaskStatus) => ({
  ...dated(task),
  ttl: ttlMs,
  ...(pollIntervalMs !== undefined && { pollInterval: pollIntervalMs }),
});

const modernTask = (task: TaskStatus) => ({ ...dated(task) });

/** Both eras demand the times; not every server says them. */
function dated<T extends { createdAt?: string; lastUpdatedAt?: string }>(task: T) {
  const now = new Date().toISOString();
  return { createdAt: now, lastUpdatedAt: now, ...task };
}
