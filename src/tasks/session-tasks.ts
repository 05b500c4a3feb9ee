import type { CallToolResult, RequestOptions } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type {
  RunningTask,
  SessionTasks,
  TaskOption,
  TaskRef,
  TaskSettings,
  TaskStatus,
} from "../contract/tasks.js";
import { askOnce, statusOf } from "./asking.js";
import { Beginnings, type CallOptions } from "./beginnings.js";
import { FollowedTask } from "./followed-task.js";
import type { TaskHost } from "./host.js";
import { isSame } from "./kept.js";
import { readStatus, type ToolParams } from "./status.js";
import { mayBeTask } from "./support.js";

const MAX_PAGES = 64;

/** The tasks of one session. */
export class Tasks implements SessionTasks {
  readonly #beginnings: Beginnings;
  /** Those that somebody may wait for, for what a server says by itself. */
  readonly #followed = new Set<WeakRef<FollowedTask>>();
  readonly #dropped = new FinalizationRegistry<WeakRef<FollowedTask>>((held) => this.#followed.delete(held));

  constructor(private readonly host: TaskHost) {
    this.#beginnings = new Beginnings(host);
  }

  /** A call as a task, if its mode and the server say so; undefined: it is a plain call. */
  async callAs(params: ToolParams, given: CallOptions & TaskOption): Promise<CallToolResult | undefined> {
    const { task, onTask, ...options } = given;
    const isTask = await mayBeTask(this.host, params.name, task, options);
    if (!isTask) return undefined;
    const settings = typeof task === "object" ? task : {};
    const running = await this.#begin(params, settings, onTask, options);
    const { signal } = options;
    return running.result(signal && { signal });
  }

  async start(
    params: ToolParams,
    { task, onTask, ...options }: CallOptions & Omit<TaskOption, "task"> & { task?: TaskSettings } = {},
  ): Promise<RunningTask> {
    await mayBeTask(this.host, params.name, true, options);
    return this.#begin(params, task ?? {}, onTask, options);
  }

  async get(ref: TaskRef, options?: RequestOptions): Promise<TaskStatus> {
    return statusOf(this.host, ref, await askOnce(this.host, this.#own(ref), "tasks/get", options));
  }

  result(ref: TaskRef, options?: { signal?: AbortSignal }): Promise<CallToolResult> {
    return this.attach(ref).result(options);
  }

  async cancel(ref: TaskRef, options?: RequestOptions): Promise<void> {
    await askOnce(this.host, this.#own(ref), "tasks/cancel", options);
  }

  async list(options?: RequestOptions): Promise<TaskRef[]> {
    const stored = (await this.host.store.list()).filter(
      (one): one is TaskRef => one.server === this.host.server && one.taskId !== undefined,
    );
    const listed = await this.#listed(options);
    const known = new Set(stored.map(({ taskId }) => taskId));
    return [...stored, ...listed.filter(({ taskId }) => !known.has(taskId))];
  }

  attach(ref: TaskRef, { onTask }: Pick<TaskOption, "onTask"> = {}): RunningTask {
    return this.#follow(this.#own(ref), onTask);
  }

  async forget(what: TaskRef | { key: string }): Promise<void> {
    const { server } = this.host;
    await this.host.store.update((tasks) =>
      tasks.filter((one) =>
        "taskId" in what ? !isSame(one, what) : one.server !== server || one.key !== what.key,
      ),
    );
  }

  /** A notification of the server about one of them. */
  hear(params: unknown): void {
    const status = readStatus(params);
    if (!status) return;
    for (const held of this.#followed) {
      const task = held.deref();
      if (task?.ref.taskId === status.taskId) task.hear(status);
    }
  }

  async #begin(
    params: ToolParams,
    settings: TaskSettings,
    onTask: TaskOption["onTask"],
    options: CallOptions,
  ): Promise<RunningTask> {
    const begun = await this.#beginnings.begin(params, settings, options);
    if ("result" in begun) return answered(begun.result);
    const running = this.#follow(begun.ref, onTask, begun.first);
    this.#cancelledBy(options.signal, running);
    return running;
  }

  /** Whoever gives the call up wants the work to end. */
  #cancelledBy(signal: AbortSignal | undefined, running: FollowedTask): void {
    const stop = whenAborted(signal, () => void running.cancel().catch(() => {}));
    void running.over.then(stop);
  }

  #follow(ref: TaskRef, onTask: TaskOption["onTask"] | undefined, first?: TaskStatus): FollowedTask {
    const running = new FollowedTask(this.host, ref, { onTask, onEnd: () => this.forget(ref), first });
    const held = new WeakRef(running);
    this.#followed.add(held);
    this.#dropped.register(running, held);
    return running;
  }

  #own(ref: TaskRef): TaskRef {
    const { server } = this.host;
    if (ref.server === server) return ref;
    const message = `${server}: the task ${ref.taskId} is of the server ${ref.server}; take it up in a session of that server`;
    throw new HoldfastError("CONFIG_INVALID", message, { server, path: "ref.server" });
  }

  /** What a legacy server lists. A modern one lists nothing: who has no id of a task has no business with it. */
  async #listed(options: RequestOptions | undefined): Promise<TaskRef[]> {
    const { host } = this;
    if (host.era() !== "legacy" || !host.capabilities()?.tasks?.list) return [];
    const found: TaskRef[] = [];
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { tasks, nextCursor } = await host.request("tasks/list", cursor ? { cursor } : {}, options);
      for (const one of Array.isArray(tasks) ? tasks : []) {
        const status = readStatus(one);
        const { createdAt } = fieldsOf(one);
        if (status)
          found.push({
            server: host.server,
            era: "legacy",
            taskId: status.taskId,
            tool: "",
            createdAt: typeof createdAt === "string" ? createdAt : new Date(0).toISOString(),
            ttlMs: status.ttlMs,
          });
      }
      cursor = nextCursor;
      if (typeof cursor !== "string") break;
    }
    return found;
  }
}

/** A call that a server answered at once. */
function answered(result: CallToolResult): RunningTask {
  return {
    ref: undefined,
    status: undefined,
    result: async () => result,
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {},
  };
}
