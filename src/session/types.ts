import type {
  CallToolRequest,
  CallToolRequestOptions,
  CallToolResult,
  Client,
  EmptyResult,
  GetPromptRequest,
  GetPromptResult,
  LoggingLevel,
  McpSubscription,
  RequestOptions,
} from "@modelcontextprotocol/client";
import type { ReplayMode } from "../options.js";
import type { ClientTransport } from "../transports/transport.js";
import type { RootsOption } from "./options.js";

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
  readonly connection: ClientTransport;
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
    params: Omit<GetPromptRequest["params"], "arguments"> & { arguments?: Record<string, unknown> },
    options?: RequestOptions & ReplayOption,
  ): Promise<GetPromptResult>;
  /** Asks for a sign of life in the words of either era. */
  ping(options?: RequestOptions): Promise<EmptyResult>;
  /** Works in both eras: a modern server is told with each request. */
  setLoggingLevel(level: LoggingLevel, options?: RequestOptions): Promise<EmptyResult>;
  /** Works in both eras; the handle lives across reconnects. */
  listen(filter: Parameters<Client["listen"]>[0], options?: RequestOptions): Promise<McpSubscription>;
  /** Replaces the roots and tells the server. */
  setRoots(roots: RootsOption): Promise<void>;
  /** A redacted status: a session may be logged. */
  toJSON(): object;
}
