import type {
  CallToolRequest,
  CallToolRequestOptions,
  CallToolResult,
  RequestOptions,
} from "@modelcontextprotocol/client";

/**
 * Where a task is: plain JSON without a secret. It may be kept anywhere, and `tasks.attach(ref)` takes it up again, in another
 * program too.
 */
export interface TaskRef {
  /** The name of the transport whose server has the task. */
  server: string;
  /** The era in which the task was begun. */
  era: "legacy" | "modern";
  /** The server's id of the task. */
  taskId: string;
  /** The tool that was called; empty where only the server knows it. */
  tool: string;
  /** When it was begun: ISO 8601. */
  createdAt: string;
  /** How long the server keeps the task after that, in milliseconds; null: it did not say, or without end. */
  ttlMs: number | null;
  /** What its caller called it. */
  key?: string;
}

/** How a task is, as its server last said. */
export interface TaskStatus {
  taskId: string;
  /** `input_required`: it waits for an answer of whoever answers this session's questions. The last three are final. */
  status: "working" | "input_required" | "completed" | "failed" | "cancelled";
  /** What the server says of it, for people. */
  statusMessage?: string;
  /** When it was begun: ISO 8601. */
  createdAt?: string;
  /** When it last changed: ISO 8601. */
  lastUpdatedAt?: string;
  /** How long the server keeps it, in milliseconds from its beginning; null: without end. */
  ttlMs: number | null;
  /** How often the server wants to be asked, in milliseconds. It is asked every 0.1 to 60 seconds, whatever it says. */
  pollIntervalMs?: number;
}

/** What a task is begun with. */
export interface TaskSettings {
  /** How long the server should keep the task, in milliseconds. A modern server decides that itself. Default: the server's. */
  ttlMs?: number;
  /**
   * What you call it. As long as the session's store has a task of that name, the same call takes that one up, and begins no
   * second one: after a restart of the program, too.
   */
  key?: string;
}

/**
 * How a tool is called. `auto`: as a task where the server offers that for the tool, a plain call otherwise. `true`, or settings: as
 * a task, and an error where the server cannot.
 */
export type TaskMode = "auto" | true | TaskSettings;

/** Options of calls that become tasks. */
export interface TaskOption {
  /** Whether the call becomes a task of the server, which lives across losses. Default: a plain call. */
  task?: TaskMode;
  /** Called with each status of the task that differs from the one before. */
  onTask?: (status: TaskStatus) => void;
}

/** A task that is followed. Iterated, it gives each status that differs, and ends with the final one. */
export interface RunningTask extends AsyncIterable<TaskStatus> {
  /** Where it is. Undefined: the server answered at once, without a task. */
  readonly ref: TaskRef | undefined;
  /** Its last known status. Undefined: not asked yet, or no task. */
  readonly status: TaskStatus | undefined;
  /**
   * The result of the tool, once there is one. `signal` ends the waiting, not the task.
   * @throws HoldfastError `TASK_CANCELLED` or `TASK_FORGOTTEN`
   * @throws the SDK's `ProtocolError` where the task failed with one
   */
  result(options?: { signal?: AbortSignal }): Promise<CallToolResult>;
  /** Asks the server to end it. */
  cancel(): Promise<void>;
}

/** The tasks of one session, in either era. */
export interface SessionTasks {
  /**
   * Calls a tool as a task; settles once the server has begun. The signal of the options cancels the task on the server.
   * @throws HoldfastError `TASK_UNSUPPORTED` where the server, or this tool, knows no tasks
   * @throws HoldfastError `CONNECTION_LOST` with the outcome `unknown` where the beginning was lost: it may run
   */
  start(
    params: CallToolRequest["params"],
    options?: CallToolRequestOptions & Omit<TaskOption, "task"> & { task?: TaskSettings },
  ): Promise<RunningTask>;
  /** Asks for the status once. */
  get(ref: TaskRef, options?: RequestOptions): Promise<TaskStatus>;
  /** Waits for the result, as `attach(ref).result()`. */
  result(ref: TaskRef, options?: { signal?: AbortSignal }): Promise<CallToolResult>;
  /** Asks the server to end it. */
  cancel(ref: TaskRef, options?: RequestOptions): Promise<void>;
  /** The tasks of this server that the session's store has, and those that a legacy server lists. */
  list(options?: RequestOptions): Promise<TaskRef[]>;
  /** Takes up a task that was begun before, here or elsewhere. Asks nobody yet. */
  attach(ref: TaskRef, options?: Pick<TaskOption, "onTask">): RunningTask;
  /** Takes a task, or what is known under a key, out of the store. The server hears nothing of it. */
  forget(what: TaskRef | { key: string }): Promise<void>;
}

/** What a store keeps: a reference. Without an id the task was about to begin, and nobody knows whether it did. */
export type StoredTask = Omit<TaskRef, "taskId"> & { taskId?: string };

/** Where a session keeps the references of its tasks until their results were given. */
export interface TaskStore {
  /** All that is kept. */
  list(): Promise<StoredTask[]>;
  /** Replaces what is kept by what `change` makes of it. No other update of the same store comes between. */
  update(change: (stored: StoredTask[]) => StoredTask[]): Promise<void>;
}
