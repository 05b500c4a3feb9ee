import type { RequestOptions } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { TASKS_EXTENSION } from "../contract/protocol.js";
import type { TaskMode } from "../contract/tasks.js";
import type { TaskHost } from "./host.js";
import { unsupported } from "./status.js";

/**
 * Whether a call of this tool can be a task. A modern server decides itself, once it was told that it may.
 * @throws HoldfastError `TASK_UNSUPPORTED` where it must be one and cannot
 */
export async function mayBeTask(
  host: TaskHost,
  tool: string,
  mode: TaskMode | undefined,
  options: RequestOptions | undefined,
): Promise<boolean> {
  const why = host.era() === "modern" ? whyNotModern(host) : await whyNotLegacy(host, tool, options);
  if (why === undefined || mode === "auto") return why === undefined;
  throw unsupported(host.server, tool, why);
}

const whyNotModern = (host: TaskHost): string | undefined =>
  host.capabilities()?.extensions?.[TASKS_EXTENSION] === undefined
    ? "the server does not offer the tasks extension"
    : undefined;

async function whyNotLegacy(
  host: TaskHost,
  tool: string,
  options: RequestOptions | undefined,
): Promise<string | undefined> {
  if (!host.capabilities()?.tasks?.requests?.tools?.call) return "the server offers no tasks";
  if (!host.tool(tool)) {
    const { signal, timeout } = options ?? {};
    await host.listTools({ ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
  }
  const { taskSupport } = fieldsOf(fieldsOf(host.tool(tool))["execution"]);
  return taskSupport === "required" || taskSupport === "optional"
    ? undefined
    : "the server offers no tasks for this tool";
}
