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
import type { SdkTransport, ServerDoor } from "./door.js";
import type { Inspect } from "./inspection.js";
import type { ReplayMode } from "./options.js";
import type { ConnectionState, ConnectionStatus, StatusListener } from "./status.js";

/** What a handler is told besides the server's request. */
export interface HandlerContext {
  /** Fires when the server cancels the request, the wire is lost or the session ends. */
  signal: AbortSignal;
  session: Session;
  /** The server that asks, as its transport is named. */
  server: string;
}

/** A full result, or the data alone: an object means accept, nothing means decline. */
export type ElicitAnswer = ElicitResult | Record<string, unknown> | undefined | null;

export type SamplingHandler = (
  params: CreateMessageRequestParams,
  context: HandlerContext,
) => CreateMessageResult | string | Promise<CreateMessageResult | string>;
export type ElicitationHandler =
  | ((params: ElicitRequestParams, context: HandlerContext) => ElicitAnswer | Promise<ElicitAnswer>)
  | {
      form?(params: ElicitRequestFormParams, context: HandlerContext): ElicitAnswer | Promise<ElicitAnswer>;
      url?(params: ElicitRequestURLParams, context: HandlerContext): ElicitAnswer | Promise<ElicitAnswer>;
    };
/** A path, a `file:` URL or a full root. */
export type RootLike = string | URL | Root;
export type RootsOption = RootLike[] | (() => RootLike[] | Promise<RootLike[]>);

/** Which list of the server changed. */
export interface ListChange {
  kind: "tools" | "prompts" | "resources";
}

/** The options of `connectSession` and `withSession`. Capabilities follow the handlers that are present. */
export interface SessionOptions {
  /** Default: holdfast and its version. */
  clientInfo?: Implementation;
  /** Declared besides those that follow from the handlers. */
  capabilities?: ClientCapabilities;
  /** Declared under `capabilities.extensions`. */
  extensions?: ClientCapabilities["extensions"];
  /** The answer may be the text alone. */
  sampling?: SamplingHandler;
  elicitation?: ElicitationHandler;
  roots?: RootsOption;
  onLog?: (message: LoggingMessageNotificationParams) => void;
  /** Asked of the server; messages below it do not reach `onLog`. Default: what the server sends; `debug` on modern ones. */
  logLevel?: LoggingLevel;
  /** For calls that bring no `onprogress` of their own. */
  onProgress?: (progress: Progress, call: { method: string; name?: string }) => void;
  onListChanged?: (change: ListChange) => void;
  /** Every notification of the server, as it came. */
  onNotification?: (notification: Notification) => void;
  /** What goes wrong outside of any call. */
  onError?: (error: Error) => void;
  /** For calls that name no `timeout`. Default 60,000 ms; 0: none. */
  timeoutMs?: number;
  /** Gives up the opening of the session; once it is open, ends it. */
  signal?: AbortSignal;
  /** How input rounds of modern servers are answered; see the SDK. */
  inputRequired?: InputRequiredOptions;
  /** The most pages that a list reads. Default 64. */
  listMaxPages?: number;
}

/** How a call of ours may be sent again when its wire is lost. */
export interface ReplayOption {
  /** Default: the transport's, which is `safe`. */
  replay?: ReplayMode;
}

/**
 * A scoped view of a connection's SDK `Client`, and one itself: `session instanceof Client`. It lives across
 * reconnects and ends with `close()`; afterwards each call rejects with `SESSION_CLOSED`.
 */
export interface Session extends Client, AsyncDisposable {
  readonly connection: TransportHandle;
  /** Set once the session has ended. */
  readonly ended: boolean;
  /**
   * @throws HoldfastError `CONNECTION_LOST` with its outcome when the call was lost and may not be sent again
   * @throws HoldfastError `SESSION_CLOSED`, `TRANSPORT_CLOSED`; the SDK's errors for timeouts and refusals
   */
  callTool(
    params: CallToolRequest["params"],
    options?: CallToolRequestOptions & ReplayOption,
  ): Promise<CallToolResult>;
  /** Arguments that are not strings are sent as JSON. */
  getPrompt(
    params: Omit<GetPromptRequest["params"], "arguments"> & {
      arguments?: Record<string, unknown> | undefined;
    },
    options?: RequestOptions & ReplayOption,
  ): Promise<GetPromptResult>;
  /** Asks for a sign of life in the words of either era. */
  ping(options?: RequestOptions): Promise<EmptyResult>;
  /** Works in both eras: a modern server is told with each request. */
  setLoggingLevel(level: LoggingLevel, options?: RequestOptions): Promise<EmptyResult>;
  /** Works in both eras; the handle lives across reconnects. */
  listen(filter: Parameters<Client["listen"]>[0], options?: RequestOptions): Promise<McpSubscription>;
  /**
   * This session as a transport of the SDK: a Client of version 1 or 2, or anything else that takes one, connects to it,
   * and lives across every reconnect. Several may, each with a handshake and handlers of its own. Its `onclose` comes only
   * when the session or the connection is closed for good. A call that was lost is a JSON-RPC error whose
   * `data.holdfast` is `{ code, outcome, server }`.
   */
  asTransport(): SdkTransport;
  /** Replaces the roots and tells the server. */
  setRoots(roots: RootsOption): Promise<void>;
  /** A redacted status: a session may be logged. */
  toJSON(): object;
}

export interface WaitOptions {
  /** Default: no deadline. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * The reusable handle of one server or one config, as every `ClientTransport` is one. It owns at most one live
 * connection, which its sessions share.
 */
export interface TransportHandle extends AsyncDisposable {
  readonly name: string;
  /** The connection as it is now; plain data. */
  readonly status: ConnectionStatus;
  connectSession(options?: SessionOptions): Promise<Session>;
  withSession<T>(use: (session: Session) => Promise<T> | T, options?: SessionOptions): Promise<T>;
  connect(options?: { signal?: AbortSignal }): Promise<void>;
  disconnect(): Promise<void>;
  close(): Promise<void>;
  fork(): TransportHandle;
  /** This transport as a server, for hosts that take an instance of one. */
  asServer(): ServerDoor;
  retryNow(): void;
  subscribe(listener: StatusListener): () => void;
  inspect(observer: Inspect): () => void;
  waitFor(state: ConnectionState, options?: WaitOptions): Promise<ConnectionStatus>;
}
