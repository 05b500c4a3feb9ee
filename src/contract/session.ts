import type {
  CallToolRequest,
  CallToolRequestOptions,
  CallToolResult,
  Client,
  ClientCapabilities,
  CreateMessageRequestParams,
  CreateMessageResult,
  ElicitRequestFormParams,
  ElicitRequestParams,
  ElicitRequestURLParams,
  ElicitResult,
  EmptyResult,
  GetPromptRequest,
  GetPromptResult,
  Implementation,
  InputRequiredOptions,
  LoggingLevel,
  LoggingMessageNotificationParams,
  McpSubscription,
  Notification,
  Progress,
  RequestOptions,
  Root,
} from "@modelcontextprotocol/client";
import type { ServerDoor, SessionTransport } from "./door.js";
import type { Explanation } from "./explain.js";
import type { Inspect } from "./inspection.js";
import type { ReplayMode } from "./options.js";
import type {
  ConnectionState,
  ConnectionStatus,
  ListDifference,
  ListKind,
  StatusListener,
} from "./status.js";
import type { SessionTasks, TaskOption, TaskStore } from "./tasks.js";

/** What a handler gets besides the server's request. */
export interface HandlerContext {
  /** Fires when the server cancels the request, the wire is lost or the session ends. */
  signal: AbortSignal;
  /** The session whose handler is called. */
  session: Session;
  /** The name of the server that asks. */
  server: string;
}

/**
 * The answer to an elicitation: a full result, or only the data. An object means accept, nothing means decline. Where the server
 * asks for one field only, the value alone is enough.
 */
export type ElicitAnswer =
  | ElicitResult
  | Record<string, unknown>
  | string
  | number
  | boolean
  | string[]
  | undefined
  | null;

/** Answers a sampling request: with a full result, or only the text. */
export type SamplingHandler = (
  params: CreateMessageRequestParams,
  context: HandlerContext,
) => CreateMessageResult | string | Promise<CreateMessageResult | string>;
/** Answers the server's questions: one function for all, or one for each mode. */
export type ElicitationHandler =
  | ((params: ElicitRequestParams, context: HandlerContext) => ElicitAnswer | Promise<ElicitAnswer>)
  | {
      form?(params: ElicitRequestFormParams, context: HandlerContext): ElicitAnswer | Promise<ElicitAnswer>;
      url?(params: ElicitRequestURLParams, context: HandlerContext): ElicitAnswer | Promise<ElicitAnswer>;
    };
/** A root: a path, a `file:` URL or the full form. */
export type RootLike = string | URL | Root;
/** A list of roots, or a function that is called each time the server asks for them. */
export type RootsOption = RootLike[] | (() => RootLike[] | Promise<RootLike[]>);

/** What `onListChanged` gets: which list of the server changed, and how. */
export interface ListChange {
  /** The list. Resource templates count as resources. */
  kind: "tools" | "prompts" | "resources";
  /**
   * How it differs from what was last read. Missing where that is not known: the list was never read, or did not come within
   * two seconds.
   */
  lists?: Partial<Record<ListKind, ListDifference>>;
}

/** The options of `connectSession` and `withSession`. Capabilities follow the handlers that are present. */
export interface SessionOptions {
  /** How the client names itself to the server. Default: `holdfast` and its version. */
  clientInfo?: Implementation;
  /** Capabilities to declare besides those that follow from the handlers. Default: none. */
  capabilities?: ClientCapabilities;
  /** What to declare under `capabilities.extensions`. Default: nothing. */
  extensions?: ClientCapabilities["extensions"];
  /** Answers the server's sampling requests. Default: the capability is not declared. */
  sampling?: SamplingHandler;
  /** Answers the server's questions to the user. Default: the capability is not declared. */
  elicitation?: ElicitationHandler;
  /** The roots that the server may ask for. Default: the capability is not declared. */
  roots?: RootsOption;
  /** Called with each log message of the server, from `logLevel` on. */
  onLog?: (message: LoggingMessageNotificationParams) => void;
  /**
   * The lowest level of log messages that the server is asked for and `onLog` gets. Default: whatever the server sends; `debug` for
   * modern servers.
   */
  logLevel?: LoggingLevel;
  /** Called with the progress of calls that have no `onprogress` of their own. */
  onProgress?: (progress: Progress, call: { method: string; name?: string }) => void;
  /** Called when a list of the server changed, also when it differs after a reconnect. */
  onListChanged?: (change: ListChange) => void;
  /** Called with every notification of the server, unchanged. */
  onNotification?: (notification: Notification) => void;
  /** Called with errors that belong to no call. */
  onError?: (error: Error) => void;
  /** The deadline of calls that name no `timeout`, in milliseconds; 0: no deadline. Default 60,000. */
  timeoutMs?: number;
  /** Cancels opening the session. Ends the session if it is open. */
  signal?: AbortSignal;
  /** How the input requests of modern servers are answered. Default: by the handlers of the session; see the SDK. */
  inputRequired?: InputRequiredOptions;
  /** How many pages of a list are read at most. Default 64. */
  listMaxPages?: number;
  /** Where the references of this session's tasks are kept. Default: `memoryTaskStore()`, one for each session. */
  taskStore?: TaskStore;
}

/** An option of calls, besides the SDK's own. */
export interface ReplayOption {
  /** When the call is sent again if it is lost. Default: the transport's `replay`, which is `safe` by default. */
  replay?: ReplayMode;
}

/**
 * A client of the server, which may be used wherever the SDK's `Client` is expected (`session instanceof Client`). It lives
 * across reconnects and ends with `close()`. After that each call rejects with `SESSION_CLOSED`.
 */
export interface Session extends Client, AsyncDisposable {
  /** The transport that opened this session. */
  readonly connection: TransportHandle;
  /** Whether the session has ended. */
  readonly ended: boolean;
  /** The long calls of this session: those that a server works at by itself, and that live across losses and restarts. */
  readonly tasks: SessionTasks;
  /**
   * Calls a tool. With `task` it may become a task of the server: `timeout` then holds for each request about it, and the whole has
   * no deadline but `signal`, which cancels the task.
   * @throws HoldfastError `CONNECTION_LOST`, with its `outcome`, where the call was lost and may not be sent again
   * @throws HoldfastError `SESSION_CLOSED`, `TRANSPORT_CLOSED` or `INVALID_ANSWER`
   * @throws HoldfastError `TASK_UNSUPPORTED`, `TASK_FORGOTTEN` or `TASK_CANCELLED`, with `task`
   * @throws the SDK's errors for timeouts and for error answers of the server
   */
  callTool(
    params: CallToolRequest["params"],
    options?: CallToolRequestOptions & ReplayOption & TaskOption,
  ): Promise<CallToolResult>;
  /** Gets a prompt. Arguments that are not strings are sent as JSON. */
  getPrompt(
    params: Omit<GetPromptRequest["params"], "arguments"> & {
      arguments?: Record<string, unknown> | undefined;
    },
    options?: RequestOptions & ReplayOption,
  ): Promise<GetPromptResult>;
  /** Asks the server for a sign of life, in either era. */
  ping(options?: RequestOptions): Promise<EmptyResult>;
  /** Sets the log level, in either era. A modern server gets it with each request. */
  setLoggingLevel(level: LoggingLevel, options?: RequestOptions): Promise<EmptyResult>;
  /** Subscribes to the server's notifications, in either era. The subscription lives across reconnects. */
  listen(filter: Parameters<Client["listen"]>[0], options?: RequestOptions): Promise<McpSubscription>;
  /**
   * This session as a transport of the SDK. A `Client` of version 1 or 2, or anything else that takes a transport, may connect to
   * it and lives across reconnects. Each call makes a new transport, whose client has its own handshake and handlers. `onclose` is
   * called only when the session or the connection is closed for good. A lost call is answered with a JSON-RPC error whose
   * `data.holdfast` is `{ code, outcome, server }`.
   */
  asTransport(): SessionTransport;
  /** Replaces the roots, and notifies the server. */
  setRoots(roots: RootsOption): Promise<void>;
  /** The status of the connection without secrets, so that a session may be logged. */
  toJSON(): object;
}

/** The options of `waitFor`. */
export interface WaitOptions {
  /** How long to wait, in milliseconds. Default: no deadline. */
  timeoutMs?: number;
  /** Ends the wait with its reason. */
  signal?: AbortSignal;
}

/**
 * The handle of one server or one config; every `ClientTransport` is one. It has at most one live connection, which its sessions
 * share.
 */
export interface TransportHandle extends AsyncDisposable {
  /** The name of the server in statuses and errors. */
  readonly name: string;
  /** The state of the connection now, as plain data. */
  readonly status: ConnectionStatus;
  /** How the server is, in one word, and what can be done about it. */
  explain(): Explanation;
  /** Opens a session, and connects first where that is needed. Settles when the handshake is done. */
  connectSession(options?: SessionOptions): Promise<Session>;
  /** Opens a session, runs `use`, and closes the session. */
  withSession<T>(use: (session: Session) => Promise<T> | T, options?: SessionOptions): Promise<T>;
  /** Connects, and holds the connection until `disconnect()` or `close()`, even without sessions. */
  connect(options?: { signal?: AbortSignal }): Promise<void>;
  /** Ends the connection. Sessions stay open, and their next call connects again. */
  disconnect(): Promise<void>;
  /** Ends the sessions and the connection for good. */
  close(): Promise<void>;
  /** Makes a transport with the same options and its own connection. */
  fork(): TransportHandle;
  /** This transport as a server object, for programs that take one. */
  asServer(): ServerDoor;
  /** Skips the wait before the next attempt. Does nothing in any other state. */
  retryNow(): void;
  /** Calls `listener` at once with the current status, then with each event. Returns a function that ends it. */
  subscribe(listener: StatusListener): () => void;
  /** Calls `observer` with each inspection event. Returns a function that ends it. */
  inspect(observer: Inspect): () => void;
  /** Waits for a state, without doing anything to reach it. */
  waitFor(state: ConnectionState, options?: WaitOptions): Promise<ConnectionStatus>;
}
