import { type CallToolResult, ProtocolError } from "@modelcontextprotocol/client";
import { controllerForMany } from "../base/abort.js";
import { runCallback } from "../base/callback.js";
import { isHoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { keepAliveWhile } from "../base/keep-alive.js";
import { pause, Queue, untilAborted } from "../base/wait.js";
import { INTERNAL_ERROR } from "../contract/protocol.js";
import type { RunningTask, TaskOption, TaskRef, TaskStatus } from "../contract/tasks.js";
import { askAbout, askOnce, askStatus, unusable } from "./asking.js";
import type { TaskHost } from "./host.js";
import { cancelled, differs, isFinal, MIN_POLL_MS, pollDelay } from "./status.js";

interface FollowedHooks {
  onTask: TaskOption["onTask"] | undefined;
  /** What is known of it from its beginning. */
  first?: TaskStatus | undefined;
  /** Called once the result was given, or there will be none. */
  onEnd(): Promise<void>;
}

/** One task, asked for while somebody waits for it. */
export class FollowedTask implements RunningTask {
  #status: TaskStatus | undefined;
  #following: Promise<CallToolResult> | undefined;
  #stop = new AbortController();
  #waiting = 0;
  #over: () => void = () => {};
  /** Settles with its end. */
  readonly over = new Promise<void>((resolve) => {
    this.#over = resolve;
  });
  readonly #changed = new Queue<void>();
  readonly #woken = new Queue<void>();
  /** The server said something since it was asked last. */
  #news = false;
  /** Questions of the task that were answered; a server may show them for a while. */
  readonly #answered = new Set<string>();

  constructor(
    private readonly host: TaskHost,
    readonly ref: TaskRef,
    private readonly hooks: FollowedHooks,
  ) {
    if (hooks.first) this.#see(hooks.first);
  }

  get status(): TaskStatus | undefined {
    return this.#status;
  }

  async result({ signal }: { signal?: AbortSignal } = {}): Promise<CallToolResult> {
    this.#waiting++;
    try {
      return await keepAliveWhile(untilAborted(this.#follow(), signal));
    } finally {
      // Nobody waits any more: it is not asked for in vain.
      if (--this.#waiting === 0) this.#stop.abort(new Error("nobody waits for the task"));
    }
  }

  async cancel(): Promise<void> {
    await askOnce(this.host, this.ref, "tasks/cancel", undefined);
    this.#news = true;
    this.#woken.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TaskStatus> {
    const left = controllerForMany();
    let over = false;
    const result = this.result({ signal: left.signal }).finally(() => {
      over = true;
      this.#changed.resolve();
    });
    result.catch(() => {});
    let seen: TaskStatus | undefined;
    try {
      for (;;) {
        if (this.#status && this.#status !== seen) {
          seen = this.#status;
          yield seen;
        } else if (over) break;
        else await this.#changed.wait();
      }
      // What kept it from its end is told; how it ended is told by the status.
      if (!seen || !isFinal(seen)) await result;
    } finally {
      left.abort(new Error("nobody listens any more"));
    }
  }

  /** The server said something of this task by itself. */
  hear(status: TaskStatus): void {
    this.#news = true;
    this.#see(status);
    this.#woken.resolve();
  }

  #follow(): Promise<CallToolResult> {
    if (this.#following) return this.#following;
    this.#stop = controllerForMany();
    const { signal } = this.#stop;
    const following = untilAborted(this.#untilDone(signal), signal, this.host.ended).catch((error) => {
      // Whoever waits next asks again.
      this.#following = undefined;
      throw error;
    });
    following.catch(() => {});
    this.#following = following;
    return following;
  }

  async #untilDone(signal: AbortSignal): Promise<CallToolResult> {
    try {
      const result = await this.#poll(signal);
      await this.#ended();
      return result;
    } catch (error) {
      if (this.#isEnd(error)) await this.#ended();
      throw this.host.shown(error);
    }
  }

  async #ended(): Promise<void> {
    this.#over();
    await this.hooks.onEnd();
  }

  #isEnd(error: unknown): boolean {
    if (isHoldfastError(error, "INVALID_ANSWER")) return error.outcome === "done";
    if (isHoldfastError(error)) return error.code === "TASK_FORGOTTEN" || error.code === "TASK_CANCELLED";
    return error instanceof ProtocolError && this.#status !== undefined && isFinal(this.#status);
  }

  async #poll(signal: AbortSignal): Promise<CallToolResult> {
    const legacy = this.ref.era === "legacy";
    for (;;) {
      this.#news = false;
      const { status, detail } = await askStatus(this.host, this.ref, signal);
      // Race: the server said something newer while this answer was on its way.
      if (!this.#news || isFinal(status)) this.#see(status);
      if (status.status === "cancelled") throw cancelled(this.ref, status);
      if (isFinal(status)) return legacy ? this.#legacyResult(signal) : this.#modernResult(status, detail);
      // A legacy server asks while its client waits for the result.
      if (status.status === "input_required" && legacy) return this.#legacyResult(signal, 0);
      if (status.status === "input_required") await this.#answer(fieldsOf(detail["inputRequests"]), signal);
      await this.#next(pollDelay(status), signal);
    }
  }

  async #legacyResult(signal: AbortSignal, timeout?: number): Promise<CallToolResult> {
    const options = { signal, ...(timeout !== undefined && { timeout }) };
    return this.#read(await askAbout(this.host, this.ref, "tasks/result", options));
  }

  async #modernResult(
    { status }: TaskStatus,
    { result, error }: Record<string, unknown>,
  ): Promise<CallToolResult> {
    if (status === "completed") return this.#read(result);
    const { code, message, data } = fieldsOf(error);
    const known = Number.isSafeInteger(code) ? Number(code) : INTERNAL_ERROR;
    throw ProtocolError.fromError(known, typeof message === "string" ? message : "the task failed", data);
  }

  async #read(given: unknown): Promise<CallToolResult> {
    const read = await this.host.readResult(this.ref.tool, given);
    if (typeof read === "string") throw unusable(this.host, `task ${this.ref.taskId}`, read, given);
    return read as CallToolResult;
  }

  async #answer(asked: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    const open = Object.entries(asked).filter(([key]) => !this.#answered.has(key));
    if (open.length === 0) return;
    const inputResponses = await this.host.answers(Object.fromEntries(open), signal);
    await askAbout(this.host, this.ref, "tasks/update", { params: { inputResponses }, signal });
    for (const [key] of open) this.#answered.add(key);
  }

  /** Until it is time to ask again, or the server says something of the task; a server that says much is not asked more often. */
  async #next(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.host;
    await pause(clock, MIN_POLL_MS, signal);
    // Race: it was said while the last answer was on its way.
    if (this.#news || ms <= MIN_POLL_MS) return;
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([pause(clock, ms - MIN_POLL_MS, both), this.#woken.wait(both)]);
    } finally {
      over.abort();
    }
  }

  #see(status: TaskStatus): void {
    if (!differs(this.#status, status)) return;
    this.#status = status;
    const { onTask } = this.hooks;
    if (onTask)
      runCallback(
        () => onTask(status),
        (error) => this.host.report(error),
      );
    this.#changed.resolve();
  }
}
