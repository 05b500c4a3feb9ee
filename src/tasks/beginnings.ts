import type { CallToolRequestOptions, CallToolResult } from "@modelcontextprotocol/client";
import { HoldfastError, isHoldfastError } from "../base/errors.js";
import { KeyedLock } from "../base/keyed-lock.js";
import type { ReplayOption } from "../contract/session.js";
import type { StoredTask, TaskRef, TaskSettings, TaskStatus } from "../contract/tasks.js";
import { isTimeout, unusable } from "./asking.js";
import type { TaskHost } from "./host.js";
import { isSame } from "./kept.js";
import { type ToolParams, taskIn } from "./status.js";

export type CallOptions = CallToolRequestOptions & ReplayOption;

/** What came of a call that may be a task. */
export type Begun = { ref: TaskRef; first?: TaskStatus } | { result: CallToolResult };

/** How tasks begin: one for each key, and known to the store from then on. */
export class Beginnings {
  readonly #turns = new KeyedLock();

  constructor(private readonly host: TaskHost) {}

  begin(params: ToolParams, settings: TaskSettings, options: CallOptions): Promise<Begun> {
    const { key } = settings;
    if (key === undefined) return this.#begin(params, settings, options);
    const begun = () => this.#once(params, { ...settings, key }, options);
    return this.#turns.run(key, begun, options.signal);
  }

  /** Notes that it begins, so that who comes after a crash knows that it may have. */
  async #once(
    params: ToolParams,
    settings: TaskSettings & { key: string },
    options: CallOptions,
  ): Promise<Begun> {
    const { host } = this;
    const { key } = settings;
    // The time for which a server keeps a task says nothing of one that may never have begun.
    const intent: StoredTask = { ...this.#origin(params, settings), ttlMs: null, key };
    let found: StoredTask | undefined;
    await host.store.update((tasks) => {
      found = tasks.find((one) => one.server === host.server && one.key === key);
      return found ? tasks : [...tasks, intent];
    });
    if (found) return { ref: this.#known(found, params) };
    try {
      const begun = await this.#begin(params, settings, options, intent);
      if ("result" in begun) await this.#drop(intent);
      return begun;
    } catch (error) {
      // What may run is noted still, and nobody begins it again by chance.
      if (!mayRun(error, options)) await this.#drop(intent);
      throw error;
    }
  }

  #known({ taskId, ...found }: StoredTask, { name }: ToolParams): TaskRef {
    const { server } = this.host;
    if (found.tool !== name) {
      const message = `${server}: the task ${JSON.stringify(found.key)} is a call of ${found.tool}, not of ${name}; give this one another key`;
      throw new HoldfastError("CONFIG_INVALID", message, { server, path: "task.key" });
    }
    if (taskId !== undefined) return { ...found, taskId };
    const message = `${server}: ${name} was being called as the task ${JSON.stringify(found.key)} when the answer or the program was lost, so it may run: check that, and call \`tasks.forget({ key })\` before you begin it again`;
    throw new HoldfastError("CONNECTION_LOST", message, { server, outcome: "unknown" });
  }

  async #begin(
    params: ToolParams,
    settings: TaskSettings,
    options: CallOptions,
    intent?: StoredTask,
  ): Promise<Begun> {
    const { host } = this;
    const origin = this.#origin(params, settings);
    const { ttlMs } = settings;
    const task = origin.era === "legacy" && { task: ttlMs === undefined ? {} : { ttl: ttlMs } };
    const answer = await host.request("tools/call", { ...params, ...task }, options);
    const first = taskIn(answer);
    if (!first) return { result: await this.#plain(params.name, answer) };
    const ref: TaskRef = { ...origin, taskId: first.taskId, ttlMs: first.ttlMs };
    await host.store.update((tasks) => [...tasks.filter((one) => !intent || !isSame(one, intent)), ref]);
    return { ref, first };
  }

  async #plain(tool: string, answer: object): Promise<CallToolResult> {
    const read = await this.host.readResult(tool, answer);
    if (typeof read === "string") throw unusable(this.host, `tools/call ${tool}`, read, answer);
    return read as CallToolResult;
  }

  #origin({ name }: ToolParams, { key }: TaskSettings) {
    const { server, clock } = this.host;
    return {
      server,
      era: this.host.era(),
      tool: name,
      createdAt: new Date(clock.wall?.() ?? clock.now()).toISOString(),
      ...(key !== undefined && { key }),
    };
  }

  #drop(intent: StoredTask): Promise<void> {
    return this.host.store.update((tasks) => tasks.filter((one) => !isSame(one, intent)));
  }
}

/** Whether a server may have begun what failed so. */
function mayRun(error: unknown, { signal }: CallOptions): boolean {
  if (signal?.aborted) return true;
  if (isHoldfastError(error, "CONNECTION_LOST") || isHoldfastError(error, "INVALID_ANSWER"))
    return error.outcome === "unknown";
  return isTimeout(error);
}
