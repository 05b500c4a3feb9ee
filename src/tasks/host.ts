import type { RequestOptions, Result, ServerCapabilities } from "@modelcontextprotocol/client";
import type { TaskStore } from "../contract/tasks.js";
import type { Clock } from "../machines/clock.js";

/** What the tasks of a session need of it. */
export interface TaskHost {
  /** The name of the server. */
  readonly server: string;
  readonly clock: Clock;
  readonly store: TaskStore;
  /** Fires with the session's end. */
  readonly ended: AbortSignal;
  /** There is a connection now. */
  readonly connected: boolean;
  /** Nothing works any more: the connection is closed for good. */
  readonly closed: boolean;
  era(): "legacy" | "modern";
  capabilities(): ServerCapabilities | undefined;
  /** What a tool says of itself, as it was last listed; undefined: no such tool was. */
  tool(name: string): object | undefined;
  /** Reads the server's tools. */
  listTools(options: RequestOptions | undefined): Promise<unknown>;
  /** Sends a request of tasks; its result comes as it is. */
  request(
    method: string,
    params: Record<string, unknown>,
    options: RequestOptions | undefined,
  ): Promise<Result>;
  /** Puts the questions of a modern server's task to those who answer this session's, and gives their answers. */
  answers(questions: Record<string, unknown>, signal: AbortSignal): Promise<Record<string, unknown>>;
  /**
   * The result of that tool as it is meant, or what is wrong with it.
   * @throws HoldfastError `INVALID_ANSWER` with the outcome `done` where its structured content is not what the tool promised
   */
  readResult(tool: string, given: unknown): Promise<object | string>;
  /** What leaves the session, without the secrets that its connection knows. */
  shown<T>(value: T): T;
  /** Tells of an error in a callback of the user's. */
  report(error: unknown): void;
}
